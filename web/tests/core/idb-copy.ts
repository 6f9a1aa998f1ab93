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

interface Table {
  name: string;
  keyPath: string | string[] | null;
  indexes: { name: string; keyPath: string | string[]; options: IDBIndexParameters }[];
  rows: unknown[];
}

/** Every database of `from` with its tables, whose keys stand in the rows, into `to`, which must be empty. */
export async function copyDatabases(from: IDBFactory, to: IDBFactory): Promise<void> {
  for (const { name, version } of await from.databases()) {
    if (name === undefined || version === undefined) continue;
    const source = await answered(from.open(name));
    const tables = await Promise.all([...source.objectStoreNames].map((table) => read(source, table)));
    source.close();
    const opening = to.open(name, version);
    opening.onupgradeneeded = () => {
      for (const table of tables) {
        const made = opening.result.createObjectStore(table.name, { keyPath: table.keyPath });
        for (const index of table.indexes) made.createIndex(index.name, index.keyPath, index.options);
      }
    };
    const target = await answered(opening);
    for (const table of tables) {
      const store = target.transaction(table.name, "readwrite").objectStore(table.name);
      await Promise.all(table.rows.map((row) => answered(store.put(row))));
    }
    target.close();
  }
}

async function read(source: IDBDatabase, name: string): Promise<Table> {
  const store = source.transaction(name).objectStore(name);
  const indexes = [...store.indexNames].map((index) => {
    const { keyPath, multiEntry, unique } = store.index(index);
    return { name: index, keyPath, options: { multiEntry, unique } };
  });
  return { name, keyPath: store.keyPath, indexes, rows: await answered(store.getAll()) };
}
