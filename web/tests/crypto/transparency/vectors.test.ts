/** The key log's proofs on the vectors that the server's own code makes, bad ones included. */

import { describe, expect, it } from "vitest";
import { encodeEpoch, parseEpoch } from "../../../src/crypto/transparency/epoch";
import { encodeMapProof, indexOf, parseMapProof, verifyMapProof } from "../../../src/crypto/transparency/map";
import { verifyConsistency, verifyInclusion } from "../../../src/crypto/transparency/merkle";
import { openCheckpoint, parsePolicy, satisfied } from "../../../src/crypto/transparency/policy";
import { fuzz, generator, mutate } from "../mutations";
import { codeOf, hex, ruleOf, toHex, vectors } from "../vectors";

interface MapCase {
  name: string;
  root: string;
  person: string;
  proof: string;
  value: string | null;
}

interface File {
  map: Record<"good" | "bad", MapCase[]>;
  epoch: {
    good: { name: string; bytes: string; epoch: number; time: number; map_root: string }[];
    bad: { name: string; bytes: string }[];
  };
  tree: {
    inclusion: { leaf: string; index: number; size: number; root: string; proof: string[] }[];
    consistency: { size1: number; size2: number; root1: string; root2: string; proof: string[] }[];
  };
  note: {
    policy: string;
    origin: string;
    time: number;
    size: number;
    root: string;
    good: { name: string; bytes: string; witnesses: number }[];
    bad: { name: string; bytes: string }[];
  };
}

const file = vectors<File>("transparency");

const look = ({ root, person, proof }: MapCase): Uint8Array | null =>
  verifyMapProof(hex(root), indexOf(hex(person)), parseMapProof(hex(proof)));

describe("the map", () => {
  it.each(file.map.good)("$name", (row) => {
    const value = look(row);
    expect(value === null ? null : toHex(value)).toBe(row.value);
    expect(toHex(encodeMapProof(parseMapProof(hex(row.proof))))).toBe(row.proof);
  });

  it.each(file.map.bad)("refuses $name", async (row) => {
    await codeOf(() => look(row));
  });

  it("proves nothing else with a changed proof", async () => {
    const random = generator(7);
    const row = file.map.good.at(-1);
    expect(row).toBeDefined();
    if (row === undefined) return;
    for (let i = 0; i < 500; i++) {
      const changed = toHex(mutate(hex(row.proof), random));
      if (changed !== row.proof) await codeOf(() => look({ ...row, proof: changed }));
    }
  });

  it("has one spelling of a proof", () =>
    fuzz(
      file.map.good.map(({ proof }) => hex(proof)),
      3_000,
      (bytes) => encodeMapProof(parseMapProof(bytes)),
    ));
});

describe("epochs", () => {
  it.each(file.epoch.good)("$name", ({ bytes, epoch, time, map_root }) => {
    const leaf = parseEpoch(hex(bytes));
    expect(leaf).toMatchObject({ epoch, time, mapRoot: hex(map_root) });
    expect(toHex(encodeEpoch(leaf))).toBe(bytes);
  });

  it.each(file.epoch.bad)("refuses $name", async ({ bytes }) => {
    expect(await ruleOf(() => parseEpoch(hex(bytes)))).toBe("epoch");
  });

  it("has one spelling", () =>
    fuzz(
      file.epoch.good.map(({ bytes }) => hex(bytes)),
      3_000,
      (bytes) => encodeEpoch(parseEpoch(bytes)),
    ));
});

describe("the tree", () => {
  it("shows where a leaf stands, and nowhere else", async () => {
    for (const row of file.tree.inclusion) {
      const input = { ...row, leaf: hex(row.leaf), root: hex(row.root), proof: row.proof.map(hex) };
      verifyInclusion(input);
      const wrong = [
        { ...input, index: row.index + 1 },
        { ...input, index: row.index - 1 },
        { ...input, index: 0.5 },
        { ...input, leaf: new Uint8Array(32) },
        { ...input, leaf: new Uint8Array(31) },
        { ...input, root: new Uint8Array(32) },
        { ...input, proof: [...input.proof, new Uint8Array(32)] },
        { ...input, proof: [new Uint8Array(32), ...input.proof] },
      ];
      if (input.proof.length > 0) wrong.push({ ...input, proof: input.proof.slice(1) });
      for (const each of wrong)
        expect(
          await ruleOf(() => {
            verifyInclusion(each);
          }),
        ).toBe("inclusion");
    }
  });

  it("shows that a tree is the beginning of another", async () => {
    for (const { size1, size2, root1, root2, proof } of file.tree.consistency) {
      const first = { size: size1, root: hex(root1) };
      const second = { size: size2, root: hex(root2) };
      const path = proof.map(hex);
      verifyConsistency(first, second, path);
      const wrong: [typeof first, typeof second, Uint8Array[]][] = [
        [first, second, [...path, new Uint8Array(32)]],
        [{ ...first, root: new Uint8Array(32) }, second, path],
        [first, { ...second, root: new Uint8Array(32) }, path],
      ];
      if (path.length > 0)
        wrong.push([first, second, path.slice(1)], [first, second, [...path].reverse().slice(1)]);
      for (const each of wrong)
        await ruleOf(() => {
          verifyConsistency(...each);
        });
    }
  });

  it("tells a shorter log and a split one", async () => {
    const [short, long] = [file.tree.consistency[0], file.tree.consistency.at(-1)];
    if (short === undefined || long === undefined) throw new Error("no vectors");
    const first = { size: long.size2, root: hex(long.root2) };
    const second = { size: short.size1, root: hex(short.root1) };
    expect(
      await ruleOf(() => {
        verifyConsistency(first, second, []);
      }),
    ).toBe("rolled_back");
    expect(
      await ruleOf(() => {
        verifyConsistency(first, { ...first, root: second.root }, []);
      }),
    ).toBe("split_view");
  });
});

describe("notes", () => {
  const policy = parsePolicy(file.note.policy);

  it.each(file.note.good)("$name", async ({ bytes, witnesses }) => {
    const opened = await openCheckpoint(policy, hex(bytes));
    expect(opened).toMatchObject({
      origin: file.note.origin,
      size: file.note.size,
      root: hex(file.note.root),
    });
    expect(opened.at).toBe(file.note.time * 1000);
    expect(opened.witnesses).toHaveLength(witnesses);
  });

  it.each(file.note.bad)("refuses $name", async ({ bytes }) => {
    expect(await codeOf(() => openCheckpoint(policy, hex(bytes)))).toBe("key_log_refused");
  });

  it("is false when any byte of what is signed has changed", async () => {
    const random = generator(11);
    const good = hex(file.note.good[0]?.bytes ?? "");
    for (let i = 0; i < 200; i++) {
      const changed = mutate(good, random);
      let size: number | null = null;
      try {
        size = (await openCheckpoint(policy, changed)).size;
      } catch (error) {
        expect((error as { code: string }).code).toBe("key_log_refused");
      }
      // What still opens says the same: a signature fewer, or a stranger's more.
      if (size !== null) expect(size).toBe(file.note.size);
    }
  });

  it("counts each witness once, and groups of groups", () => {
    const names = ["w1", "w1", "w1"];
    expect(satisfied(policy, names)).toBe(false);
    expect(satisfied(policy, ["w1", "w3"])).toBe(true);
    expect(satisfied(policy, ["w1", "stranger"])).toBe(false);
  });

  it.each([
    "",
    "quorum none\n",
    `${file.note.policy}quorum none\n`,
    file.note.policy.replace("quorum most", "quorum nobody"),
    file.note.policy.replace("group most 2", "group most 4"),
    file.note.policy.replace("group most 2", "group most 0"),
    file.note.policy.replace("w1 w2 w3", "w1 w1 w2"),
    file.note.policy.replace("witness w2", "witness w1"),
    `${file.note.policy}surprise\n`,
  ])("refuses a policy that says something else (%#)", async (text) => {
    expect(await ruleOf(() => parsePolicy(text))).toBe("policy");
  });
});
