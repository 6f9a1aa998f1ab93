/**
 * The crypto layer itself: runs in the worker in browsers and directly under Node. It holds nothing but a cache; all
 * that lasts is in the bytes it returns.
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import type { DeviceKeys, MlsEngine, SecretsEngine } from "./api";
import { equal } from "./bytes";
import { CryptoError, demand } from "./errors";
import { newRecoveryCode, recoverySeed } from "./codes";
import { newTransferKeys, openHistory, sealHistory } from "./history";
import { begin } from "./mls/begin";
import { commit } from "./mls/commit";
import { join } from "./mls/join";
import { makeKeyPackages } from "./mls/key-packages";
import { processEnvelopes } from "./mls/process";
import { BEEP_PROFILE, type Profile, suiteOf } from "./mls/profile";
import { rank } from "./mls/rank";
import { Roster } from "./mls/roster";
import { encrypt } from "./mls/send";
import { openSlot, sealSlot } from "./mls/slots";
import { StateCache } from "./mls/state";
import { membersOf } from "./mls/tree";
import { generateSigningKey, sign, SIGN_LABELS, type SignLabel } from "./signing";
import { createVault, openVault, signInSecret } from "./vault";

type Input<Method extends keyof MlsEngine> = Parameters<MlsEngine[Method]>[0];
type Output<Method extends keyof MlsEngine> = ReturnType<MlsEngine[Method]>;

function demandLabel(label: string): asserts label is SignLabel {
  demand((SIGN_LABELS as readonly string[]).includes(label), "unknown_value");
}

/** Nobody is in it: for what only reads this device's own state. */
const NOBODY = new Roster([]);

export class LocalEngine implements MlsEngine, SecretsEngine {
  readonly #cache = new StateCache();

  /** The one set of rules in production. Only a subclass in the tests' folder has another. */
  protected readonly profile: Profile = BEEP_PROFILE;

  async generateDeviceKeys({ person, device }: Input<"generateDeviceKeys">): Promise<DeviceKeys> {
    demand(person.length === 16 && device.length === 16, "out_of_range");
    const { seed, publicKey } = await generateSigningKey();
    return { person, device, signaturePublic: publicKey, signaturePrivate: seed };
  }

  generateKeyPackages(input: Input<"generateKeyPackages">): Output<"generateKeyPackages"> {
    return makeKeyPackages(input);
  }

  begin(input: Input<"begin">): Output<"begin"> {
    return begin(input, this.#cache, this.profile);
  }

  join(input: Input<"join">): Output<"join"> {
    return join(input, this.#cache, this.profile);
  }

  async encrypt({ state, content, seen, roster, now }: Input<"encrypt">): Output<"encrypt"> {
    const members = new Roster(roster);
    const group = await this.#cache.open(state, members);
    const sent = await encrypt(group, content, seen, members, now);
    return { state: await this.#cache.save(sent.group, state), body: sent.body };
  }

  async process(input: Input<"process">): Output<"process"> {
    const { state, groupId, envelopes, standing, now } = input;
    const roster = new Roster(input.roster);
    const group = await this.#cache.open(state, roster);
    demand(equal(group.state.groupContext.groupId, groupId), "group_id");
    const rules = { roster, profile: this.profile, now };
    const { group: after, results } = await processEnvelopes({ group, standing }, envelopes, rules);
    return { state: after === group ? state : await this.#cache.save(after, state), results };
  }

  async commit(input: Input<"commit">): Output<"commit"> {
    const roster = new Roster(input.roster);
    const group = await this.#cache.open(input.state, roster);
    const made = await commit(group, input, roster, this.profile);
    // The state before stays current until the commit comes back in the log, so the cache keeps it.
    const { welcome, epoch, membership } = made;
    return {
      pendingState: await this.#cache.save(made.group),
      commit: made.commit,
      welcome,
      epoch,
      membership,
    };
  }

  async rank({ state, among }: Input<"rank">): Output<"rank"> {
    return rank(await this.#cache.open(state, NOBODY), among);
  }

  /** `commit` with nothing in it. */
  async heal({ state, seen, roster, now, membership = [] }: Input<"heal">): Output<"heal"> {
    const standing = { membership, bases: [], orders: [] };
    const nothing = { add: [], remove: [], roles: [], orders: [], profile: new Uint8Array() };
    const { pendingState, commit, epoch } = await this.commit({
      ...{ state, seen, roster, now, standing },
      ...nothing,
    });
    return { pendingState, commit, epoch };
  }

  async describe(state: Uint8Array): Output<"describe"> {
    const { groupContext, privatePath, ratchetTree } = (await this.#cache.open(state, NOBODY)).state;
    const suite = suiteOf(groupContext.cipherSuite);
    if (suite === undefined) throw new CryptoError("state_malformed");
    return {
      groupId: groupContext.groupId.slice(),
      epoch: Number(groupContext.epoch),
      suite,
      ownLeaf: privatePath.leafIndex,
      members: [...membersOf(ratchetTree)],
    };
  }

  async sealSlot({ state, label, counter, plaintext }: Input<"sealSlot">): Output<"sealSlot"> {
    return sealSlot(await this.#cache.open(state, NOBODY), label, counter, plaintext);
  }

  async openSlot({ state, frame, after }: Input<"openSlot">): Output<"openSlot"> {
    return openSlot(await this.#cache.open(state, NOBODY), frame, after);
  }

  forget(): Promise<void> {
    this.#cache.clear();
    return Promise.resolve();
  }

  signInSecret(
    input: Parameters<SecretsEngine["signInSecret"]>[0],
  ): ReturnType<SecretsEngine["signInSecret"]> {
    return signInSecret(input.passphrase, input.salt);
  }

  createVault(input: Parameters<SecretsEngine["createVault"]>[0]): ReturnType<SecretsEngine["createVault"]> {
    return createVault(input.passphrase, input.salt);
  }

  openVault(input: Parameters<SecretsEngine["openVault"]>[0]): ReturnType<SecretsEngine["openVault"]> {
    return openVault(input.passphrase, input.vault);
  }

  newRecoveryCode(): Promise<string> {
    return newRecoveryCode();
  }

  /** The seed is derived for this call and wiped; noble only computes its public half. */
  async recoveryPublicKey(input: Parameters<SecretsEngine["recoveryPublicKey"]>[0]): Promise<Uint8Array> {
    const seed = await recoverySeed(input.code, input.person);
    const publicKey = ed25519.getPublicKey(seed);
    seed.fill(0);
    return publicKey;
  }

  async signWithRecoveryCode(
    input: Parameters<SecretsEngine["signWithRecoveryCode"]>[0],
  ): Promise<Uint8Array> {
    demandLabel(input.label);
    const seed = await recoverySeed(input.code, input.person);
    const signature = await sign(seed, input.label, input.content);
    seed.fill(0);
    return signature;
  }

  async signWithDevice(input: Parameters<SecretsEngine["signWithDevice"]>[0]): Promise<Uint8Array> {
    demandLabel(input.label);
    return sign(input.keys.signaturePrivate, input.label, input.content);
  }

  newTransferKeys(): ReturnType<SecretsEngine["newTransferKeys"]> {
    return newTransferKeys();
  }

  sealHistory(input: Parameters<SecretsEngine["sealHistory"]>[0]): Promise<Uint8Array> {
    return sealHistory(input);
  }

  openHistory(input: Parameters<SecretsEngine["openHistory"]>[0]): Promise<Uint8Array> {
    return openHistory(input);
  }
}
