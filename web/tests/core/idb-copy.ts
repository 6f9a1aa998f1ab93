/** Copies of whole databases, as somebody with the disk in hand makes them. */

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("refused"));
    };
  });

/** Every database of `from` with its schema and rows into `to`, which must be empty. */
export async function copyDatabases(from: IDBFactory, to: IDBFactory): Promise<void> {
  for (const { name, version } of await from.databases()) {
    if (name === undefined || version === undefined) continue;
    const source = await answered(from.open(name));
    const opening = to.open(name, version);
    const rows = new Map<string, { keys: IDBValidKey[]; values: unknown[] }>();
    for (const table of source.objectStoreNames) {
      const store = source.transaction(table).objectStore(table);
      rows.set(table, { keys: await answered(store.getAllKeys()), values: await answered(store.getAll()) });
    }
    opening.onupgradeneeded = () => {
      for (const table of source.objectStoreNames) {
        const original = source.transaction(table).objectStore(table);
        const { autoIncrement, keyPath } = original;
        const made = opening.result.createObjectStore(table, { autoIncrement, keyPath });
        for (const index of original.indexNames) {
          const { keyPath: path, multiEntry, unique } = original.index(index);
          made.createIndex(index, path, { multiEntry, unique });
        }
      }
    };
    const target = await answered(opening);
    for (const [table, { keys, values }] of rows) {
      const store = target.transaction(table, "readwrite").objectStore(table);
      const inline = store.keyPath !== null;
      for (const [i, value] of values.entries())
        await answered(inline ? store.put(value) : store.put(value, keys[i]));
    }
    source.close();
    target.close();
  }
}
