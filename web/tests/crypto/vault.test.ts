import { MessageChannel } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { createWorkerEngine, type WorkerLike } from "../../src/crypto/client";
import { LocalEngine } from "../../src/crypto/engine";
import { CryptoError } from "../../src/crypto/errors";
import {
  type Answer,
  type Call,
  compact,
  detach,
  isMethod,
  methods,
  toPlainError,
} from "../../src/crypto/rpc";
import { newId, zeros } from "./people-in-groups";
import { codeOf, toHex } from "./vectors";

const engine = new LocalEngine();
const salt = zeros(16).fill(9);

/** The worker's side, as `worker.ts` does it, on a real port with structured cloning. */
function connected() {
  const { port1, port2 } = new MessageChannel();
  port2.on("message", ({ call, method, input }: Call) => {
    const run = isMethod(method)
      ? (engine[method].bind(engine) as (input: unknown) => Promise<unknown>)
      : null;
    Promise.resolve()
      .then(() => run!(input))
      .then(
        (result) => {
          const { value, transfer } = detach(result);
          port2.postMessage({ call, value } satisfies Answer, transfer);
        },
        (error: unknown) => port2.postMessage({ call, error: toPlainError(error) } satisfies Answer),
      );
  });
  let onError = (): void => undefined;
  const worker: WorkerLike = {
    postMessage: (message) => port1.postMessage(message),
    addEventListener(type: string, listener: unknown) {
      if (type === "message")
        port1.on("message", (data: Answer) => (listener as (event: { data: Answer }) => void)({ data }));
      if (type === "error") onError = listener as () => void;
    },
  };
  return { remote: createWorkerEngine(worker), fail: () => onError(), close: () => port1.close() };
}

describe("the vault", () => {
  it("opens with the passphrase however it is typed, and with no other", async () => {
    const passphrase = "ہمارا علي کا گھر ۱۲۳۴";
    // Made in the worker, opened here: the key came over the line and is still not extractable.
    const { remote, close } = connected();
    const made = await remote.createVault({ passphrase, salt });
    close();
    const { dataKey, vault } = made;
    expect(dataKey).toMatchObject({ extractable: false, algorithm: { name: "AES-GCM", length: 256 } });
    const iv = new Uint8Array(12);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, dataKey, new Uint8Array([1, 2, 3]));
    const opened = await engine.openVault({ passphrase: "ہمارا علی کا گھر 1234", vault });
    const open = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, opened.dataKey, sealed);
    expect(new Uint8Array(open)).toEqual(Uint8Array.of(1, 2, 3));
    expect(opened.signInSecret).toEqual(made.signInSecret);
    expect(await codeOf(() => engine.openVault({ passphrase: passphrase + "x", vault }))).toBe(
      "wrong_passphrase",
    );
    expect(await codeOf(() => engine.openVault({ passphrase: "short", vault }))).toBe("wrong_passphrase");
    const cut = { ...vault, wrapped: vault.wrapped.slice(1) };
    expect(await codeOf(() => engine.openVault({ passphrase, vault: cut }))).toBe("vault_malformed");
    await expect(crypto.subtle.exportKey("raw", dataKey)).rejects.toThrow();
  }, 180_000);

  it("derives the sign-in secret that its known answer says, and refuses a short passphrase", async () => {
    const passphrase = "correct horse battery staple";
    const secret = await engine.signInSecret({ passphrase, salt });
    // Made with libsodium's Argon2id (PyNaCl) and HKDF of Python's cryptography.
    expect(toHex(secret)).toBe("93f9aa8d140e6e986865db0cadfcd1c352cf0f81691e7dcd53e69e0ee1b664b3");
    expect(await codeOf(() => engine.signInSecret({ passphrase: "eleven char", salt }))).toBe(
      "passphrase_short",
    );
    // Marks and joiners do not count.
    const padded = "eleven char\u200c\u064e";
    expect(await codeOf(() => engine.signInSecret({ passphrase: padded, salt }))).toBe("passphrase_short");
  }, 180_000);
});

describe("the worker's line", () => {
  it("answers, keeps codes and details of errors, and has every method", async () => {
    const { remote, close } = connected();
    expect(Object.keys(remote).sort()).toEqual([...methods].sort());
    const keys = await remote.generateDeviceKeys({ person: newId(), device: newId() });
    expect(keys.signaturePublic).toHaveLength(32);
    const content = new Uint8Array([5, 6, 7]).subarray(1);
    const signature = await remote.signWithDevice({ keys, label: "SignIn", content });
    expect(signature).toEqual(await engine.signWithDevice({ keys, label: "SignIn", content }));
    expect(content).toEqual(Uint8Array.of(6, 7));
    const refusal = await remote.describe(zeros(3)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CryptoError);
    expect(refusal).toMatchObject({ name: "CryptoError", code: "state_malformed" });
    const wrong = await remote
      .recoveryPublicKey({ code: "0000", person: newId() })
      .catch((error: unknown) => error);
    expect(wrong).toMatchObject({ code: "recovery_code_malformed" });
    close();
  });

  it("ends every call when the worker fails", async () => {
    const { remote, fail, close } = connected();
    const waiting = remote.newRecoveryCode();
    fail();
    expect(await codeOf(() => waiting)).toBe("engine_failed");
    expect(await codeOf(() => remote.newRecoveryCode())).toBe("engine_failed");
    close();
  });

  it("says nothing of foreign errors but their class", () => {
    expect(toPlainError(new RangeError("secret 1234"))).toEqual({
      name: "CryptoError",
      code: "engine_failed",
      detail: { cause: "RangeError" },
    });
  });

  it("detaches views from the buffers they look into", () => {
    const whole = zeros(1_000);
    const { value, transfer } = detach({ part: whole.subarray(10, 12), list: [whole.subarray(0, 1)], n: 1 });
    expect(value).toEqual({ part: zeros(2), list: [zeros(1)], n: 1 });
    expect(transfer.map((buffer) => buffer.byteLength)).toEqual([2, 1]);
  });

  it("posts no buffer behind a view, and copies nothing that owns its own", () => {
    const whole = zeros(1_000);
    const posted = compact({ whole, part: whole.subarray(10, 12) }) as Record<"whole" | "part", Uint8Array>;
    expect(posted.whole).toBe(whole);
    expect(posted.part.buffer.byteLength).toBe(2);
  });
});
