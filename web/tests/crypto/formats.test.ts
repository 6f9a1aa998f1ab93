import { describe, expect, it } from "vitest";
import { encodeAuthenticatedData, parseAuthenticatedData } from "../../src/crypto/authenticated-data";
import { encodeBeginBody, parseBeginBody } from "../../src/crypto/begin-body";
import { view } from "../../src/crypto/bytes";
import { encodePlaintext, frankingTag, parsePlaintext } from "../../src/crypto/plaintext";
import { encodePolicy, groupIdOf, parsePolicy } from "../../src/crypto/policy";
import { signContent, verify } from "../../src/crypto/signing";
import {
  encodeSlotBody,
  parseSlotBody,
  slotAssociatedData,
  slotExporterContext,
  slotSigned,
} from "../../src/crypto/slot-frame";
import { envelopeHash, firstTranscript, nextTranscript } from "../../src/crypto/transcript";
import type { GroupPolicy, RoleChange } from "../../src/crypto/api";
import { codeOf, hex, toHex, vectors } from "./vectors";

interface Bad {
  name: string;
  bytes: string;
}

describe("group policy", () => {
  const file = vectors<{
    good: { name: string; bytes: string; group_id: string; value: Record<string, unknown> }[];
    bad: Bad[];
  }>("policy");

  it.each(file.good)("reads and writes: $name", async ({ bytes, group_id, value }) => {
    const policy = parsePolicy(hex(bytes));
    const expected: GroupPolicy = {
      nonce: hex(value["nonce"] as string),
      conversation: hex(value["conversation"] as string),
      kind: value["kind"] as GroupPolicy["kind"],
      persons: (value["persons"] as string[]).map(hex),
      suite: value["suite"] as GroupPolicy["suite"],
      sizeClass: value["size_class"] as GroupPolicy["sizeClass"],
      retentionClass: value["retention_class"] as number,
      ministry: hex(value["ministry"] as string),
      registry: hex(value["registry"] as string),
      predecessor: hex(value["predecessor"] as string),
    };
    expect(policy).toEqual(expected);
    expect(toHex(encodePolicy(policy))).toBe(bytes);
    expect(toHex(await groupIdOf(hex(bytes)))).toBe(group_id);
  });

  it.each(file.bad)("refuses: $name", async ({ bytes }) => {
    await expect(codeOf(() => parsePolicy(hex(bytes)))).resolves.toMatch(/./);
  });
});

describe("authenticated data", () => {
  const file = vectors<{
    authenticated_data: {
      good: {
        name: string;
        bytes: string;
        value: {
          seen_seq: number;
          transcript: string;
          franking_tag: string;
          order_hashes: string[];
          roles: [string, RoleChange["role"]][];
          checkpoint: [number, string] | null;
        };
      }[];
      bad: Bad[];
    };
    plaintext: {
      good: { name: string; bytes: string; k: string; content: string; franking_tag: string }[];
      bad: Bad[];
    };
  }>("authenticated_data");

  it.each(file.authenticated_data.good)("reads and writes: $name", ({ bytes, value }) => {
    const data = parseAuthenticatedData(hex(bytes));
    expect(data).toEqual({
      seen: {
        seq: value.seen_seq,
        transcript: hex(value.transcript),
        ...(value.checkpoint && {
          checkpoint: { size: value.checkpoint[0], root: hex(value.checkpoint[1]) },
        }),
      },
      frankingTag: hex(value.franking_tag),
      orderHashes: value.order_hashes.map(hex),
      roles: value.roles.map(([person, role]) => ({ person: hex(person), role })),
    });
    expect(toHex(encodeAuthenticatedData(data))).toBe(bytes);
  });

  it.each(file.authenticated_data.bad)("refuses: $name", async ({ bytes }) => {
    await expect(codeOf(() => parseAuthenticatedData(hex(bytes)))).resolves.toMatch(/./);
  });

  it.each(file.plaintext.good)("plaintext: $name", async ({ bytes, k, content, franking_tag }) => {
    const plaintext = parsePlaintext(hex(bytes));
    expect(plaintext).toEqual({ k: hex(k), content: hex(content) });
    expect(toHex(encodePlaintext(plaintext))).toBe(bytes);
    expect(toHex(await frankingTag(plaintext))).toBe(franking_tag);
    expect(hex(bytes).length % 256).toBe(0);
  });

  it.each(file.plaintext.bad)("plaintext refused: $name", async ({ bytes }) => {
    await expect(codeOf(() => parsePlaintext(hex(bytes)))).resolves.toMatch(/./);
  });
});

describe("envelope and transcript", () => {
  const file = vectors<{
    conversation: string;
    transcript_start: string;
    envelopes: {
      seq: number;
      generation: number;
      epoch: number;
      kind: number;
      device: string;
      counter: number;
      time: number;
      body: string;
      body_hash: string;
      hash: string;
      transcript: string;
    }[];
    begin: { good: (Bad & { policy: string; commit: string })[]; bad: Bad[] };
  }>("envelope");
  const conversation = hex(file.conversation);

  it("hashes every envelope and walks the transcript", async () => {
    let transcript = await firstTranscript(conversation);
    expect(toHex(transcript)).toBe(file.transcript_start);
    for (const row of file.envelopes) {
      const header = { ...row, conversation, device: hex(row.device) };
      const hash = await envelopeHash(header, hex(row.body));
      expect(toHex(hash)).toBe(row.hash);
      expect(await envelopeHash(header, { sha256: hex(row.body_hash) })).toEqual(hash);
      transcript = await nextTranscript(transcript, row.seq, hash);
      expect(toHex(transcript)).toBe(row.transcript);
    }
  });

  it.each(file.begin.good)("begin body: $name", ({ bytes, policy, commit }) => {
    const body = parseBeginBody(hex(bytes));
    expect(body).toEqual({ policy: hex(policy), commit: hex(commit) });
    expect(toHex(encodeBeginBody(body))).toBe(bytes);
  });

  it.each(file.begin.bad)("begin body refused: $name", async ({ bytes }) => {
    await expect(codeOf(() => parseBeginBody(hex(bytes)))).resolves.toMatch(/./);
  });
});

describe("slots", () => {
  interface Good {
    name: string;
    label: "read" | "typing";
    epoch: number;
    leaf: number;
    counter: number;
    key: string;
    exporter_context: string;
    plaintext: string;
    associated_data: string;
    sign_content: string;
    nonce: string;
    ciphertext: string;
    signature: string;
    body: string;
  }
  const file = vectors<{
    group_id: string;
    signature_key: string;
    good: Good[];
    bad: { name: string; body: string }[];
  }>("slot");

  it.each(file.good)("reads, verifies and opens: $name", async (row) => {
    const body = parseSlotBody(hex(row.body));
    expect(body).toEqual({
      nonce: hex(row.nonce),
      ciphertext: hex(row.ciphertext),
      signature: hex(row.signature),
    });
    expect(toHex(encodeSlotBody(body))).toBe(row.body);
    const associatedData = slotAssociatedData({ ...row, groupId: hex(file.group_id) });
    expect(toHex(associatedData)).toBe(row.associated_data);
    expect(toHex(slotExporterContext(row.leaf))).toBe(row.exporter_context);
    const signed = slotSigned(associatedData, body.nonce, body.ciphertext);
    expect(toHex(signContent("Slot", signed))).toBe(row.sign_content);
    expect(await verify(hex(file.signature_key), "Slot", signed, body.signature)).toBe(true);
    const key = await crypto.subtle.importKey("raw", view(hex(row.key)), "AES-GCM", false, ["decrypt"]);
    const algorithm = { name: "AES-GCM", iv: view(body.nonce), additionalData: view(associatedData) };
    const plaintext = await crypto.subtle.decrypt(algorithm, key, view(body.ciphertext));
    expect(toHex(new Uint8Array(plaintext))).toBe(row.plaintext);
  });

  it.each(file.bad)("refuses: $name", async ({ body }) => {
    await expect(codeOf(() => parseSlotBody(hex(body)))).resolves.toMatch(/./);
  });
});
