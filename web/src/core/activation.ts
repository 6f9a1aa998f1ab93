import { parseActivationCode } from "../crypto/codes";
import { foldDigits } from "../crypto/folding";
import { firstStatement } from "../crypto/statements";
import { randomBytes } from "../crypto/bytes";
import { type ActivationOfferAnswer, type MeAnswer, TransportError } from "../transport";
import { type ActivationOffer, AppError } from "./api";
import {
  type Candidate,
  cleanDeviceName,
  deviceEntry,
  type Entered,
  register,
  type Shared,
  totpDigits,
} from "./entering";
import { deviceSigner, recoverySigner } from "./identities";
import { idBytes, newId } from "./ids";
import { firstTrust } from "./trust";

interface Offered {
  code: string;
  personnelNumber: string;
  answer: ActivationOfferAnswer;
  /** Shown once, kept in memory until the activation ends, stored nowhere. */
  recoveryCode: string;
}

/** From the letter with the code to a device that the person's identity chain lists. */
export class Activation {
  #offered: Offered | null = null;

  constructor(private readonly shared: Shared) {}

  async begin(code: string, personnelNumber: string): Promise<ActivationOffer> {
    const { api, env } = this.shared;
    const folded = await parseActivationCode(code);
    const number = foldDigits(personnelNumber).trim();
    const answer = await api.beginActivation(folded, number);
    // The same letter read twice shows the same recovery code, so that one already written down stays true.
    const before = this.#offered?.answer.person.id === answer.person.id ? this.#offered : null;
    const recoveryCode = before?.recoveryCode ?? (await env.engine.newRecoveryCode());
    this.#offered = { code: folded, personnelNumber: number, answer, recoveryCode };
    return {
      person: answer.person,
      login: answer.login,
      totpSecret: answer.totp_secret,
      totpUri: answer.totp_uri,
      recoveryCode,
    };
  }

  async finish(choice: { passphrase: string; totp: string; deviceName: string }): Promise<Entered> {
    const { env, api } = this.shared;
    const offered = this.#offered;
    if (!offered) throw new AppError("code_refused");
    const { person, login } = offered.answer;
    const personBytes = idBytes(person.id);
    const device = newId();
    const salt = randomBytes(16);
    const { dataKey, vault, signInSecret } = await env.engine.createVault({
      passphrase: choice.passphrase,
      salt,
    });
    const keys = await env.engine.generateDeviceKeys({ person: personBytes, device: idBytes(device) });
    const at = env.now();
    const deviceName = cleanDeviceName(choice.deviceName);
    const statement = await firstStatement({
      person: personBytes,
      device: deviceEntry(keys, deviceName, at),
      at,
      deviceSigner: deviceSigner(env.engine, keys),
      recovery: await recoverySigner(env.engine, offered.recoveryCode, personBytes),
    });
    const candidate: Candidate = {
      person: person.id,
      login,
      name: person.name,
      card: person,
      device,
      deviceName,
      keys,
      wrapped: vault,
      dataKey,
      statements: [statement],
      trust: await firstTrust(api),
      kind: "regular",
      expiresAt: null,
    };
    const { code, personnelNumber } = offered;
    const request = { code, personnelNumber, salt, signInSecret, totp: totpDigits(choice.totp), statement };
    const confirm = (): Promise<MeAnswer> => retryLost(() => api.finishActivation(request));
    const { store, me } = await register(this.shared, candidate, confirm);
    this.#offered = null;
    return { store, me, dataKey };
  }
}

/** Once more when the answer was lost on the way; a second loss is told to the person. */
export async function retryLost<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof TransportError) || !error.unknownOutcome) throw error;
    return request();
  }
}
