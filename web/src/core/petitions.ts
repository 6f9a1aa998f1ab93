import { toHex } from "../crypto/bytes";
import { encodeOrderRequest, REQUEST_LABELS } from "../crypto/orders";
import { TransportError } from "../transport";
import type { Context } from "./context";
import { deviceSigner, type Identities } from "./identities";
import { idBytes } from "./ids";

/** What this device signs so that the authority may order it in, or its person out. */
export interface Petition {
  statement_hash: Uint8Array;
  signature: Uint8Array;
}

export async function signRequest(
  { env, self }: Context,
  identities: Identities,
  action: "add" | "leave",
  groupId: Uint8Array,
): Promise<Petition> {
  const chain = await identities.fresh(self.person);
  const [person, device] = [idBytes(self.person), idBytes(self.device)];
  const content = encodeOrderRequest({ groupId, person, device, statementHash: chain.hash });
  const signature = await env.engine.signWithDevice({
    keys: self.keys,
    label: REQUEST_LABELS[action],
    content,
  });
  return { statement_hash: chain.hash, signature };
}

/**
 * Asks that this person may leave. The members carry a request out once, and under one statement a device always signs
 * the same one: who was taken in again renews the statement to leave again. `executed`: as the group's record has it.
 *
 * @throws TransportError, CryptoError `statement_refused` from a temporary device, which may not renew anything.
 */
export async function askToLeave(
  context: Context,
  identities: Identities,
  { groupId, ...place }: { conversation: Uint8Array; generation: number; groupId: Uint8Array },
  executed: readonly string[],
): Promise<void> {
  const petition = await signRequest(context, identities, "leave", groupId);
  try {
    // Also where a restored server has forgotten it: the members have not.
    if (executed.includes(toHex(petition.signature)))
      throw new TransportError("rejoin_refused", null, { rule: "repeated" });
    await context.link.request("leave", { ...place, ...petition });
  } catch (error) {
    if (!(error instanceof TransportError) || error.detail["rule"] !== "repeated") throw error;
    await renew(context, identities);
    await context.link.request("leave", {
      ...place,
      ...(await signRequest(context, identities, "leave", groupId)),
    });
  }
}

/** Appends a statement of our own that says the same again: what is signed by the newest one counts anew. */
async function renew({ api, env, self }: Context, identities: Identities): Promise<void> {
  const { nextStatement } = await import("../crypto/statements");
  const chain = await identities.refresh(self.person);
  const signer = deviceSigner(env.engine, self.keys);
  await api.renewIdentity(await nextStatement({ chain, at: env.now(), signer }));
  await identities.refresh(self.person);
}
