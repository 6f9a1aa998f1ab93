import { DeviceApi } from "./api-devices";
import { toBase64Url } from "./base64url";
import { parser, shapes } from "./shapes";

const read = {
  personCard: parser(shapes.personCard),
  me: parser(shapes.me),
  conversation: parser(shapes.conversation),
  counts: parser(shapes.counts),
  nothing: parser(shapes.nothing),
  activationOffer: parser(shapes.activationOffer),
  signInChallenge: parser(shapes.signInChallenge),
  signInOutcome: parser(shapes.signInOutcome),
  recoveryChallenge: parser(shapes.recoveryChallenge),
  recoveryTicket: parser(shapes.recoveryTicket),
  devices: parser(shapes.devices),
  people: parser(shapes.people),
  statements: parser(shapes.statements),
  chainVersion: parser(shapes.chainVersion),
  claimed: parser(shapes.claimed),
  units: parser(shapes.units),
  matches: parser(shapes.matches),
};

const b = toBase64Url;

/** The HTTP API, one method an endpoint. Every promise may reject with `TransportError`. */
export class Api extends DeviceApi {
  beginActivation(code: string, personnelNumber: string) {
    const body = { code, personnel_number: personnelNumber };
    return this.http.post("activation/begin", body, read.activationOffer);
  }

  finishActivation(input: {
    code: string;
    personnelNumber: string;
    salt: Uint8Array;
    signInSecret: Uint8Array;
    totp: string;
    statement: Uint8Array;
  }) {
    const body = {
      code: input.code,
      personnel_number: input.personnelNumber,
      salt: b(input.salt),
      signin_secret: b(input.signInSecret),
      totp: input.totp,
      statement: b(input.statement),
    };
    return this.http.post("activation/finish", body, read.me);
  }

  beginSignIn(login: string) {
    return this.http.post("sign-in/begin", { login }, read.signInChallenge);
  }

  finishSignIn(input: {
    login: string;
    signInSecret: Uint8Array;
    totp: string;
    challenge: Uint8Array;
    device: { id: string; signature: Uint8Array } | null;
  }) {
    const body = {
      login: input.login,
      signin_secret: b(input.signInSecret),
      totp: input.totp,
      challenge: b(input.challenge),
      device: input.device?.id ?? null,
      device_signature: input.device ? b(input.device.signature) : null,
    };
    return this.http.post("sign-in/finish", body, read.signInOutcome);
  }

  replaceDevice(ticket: string, statement: Uint8Array) {
    return this.http.post("sign-in/replace", { ticket, statement: b(statement) }, read.me);
  }

  beginRecovery(login: string) {
    return this.http.post("recovery/begin", { login }, read.recoveryChallenge);
  }

  verifyRecovery(login: string, challenge: Uint8Array, signature: Uint8Array) {
    const body = { login, challenge: b(challenge), signature: b(signature) };
    return this.http.post("recovery/verify", body, read.recoveryTicket);
  }

  finishRecovery(input: {
    ticket: string;
    salt: Uint8Array;
    signInSecret: Uint8Array;
    totp: string;
    statement: Uint8Array;
  }) {
    const body = {
      ticket: input.ticket,
      salt: b(input.salt),
      signin_secret: b(input.signInSecret),
      totp: input.totp,
      statement: b(input.statement),
    };
    return this.http.post("recovery/finish", body, read.me);
  }

  async signOut(): Promise<void> {
    await this.http.post("sign-out", {}, read.nothing);
  }

  me() {
    return this.http.get("me", read.me);
  }

  devices() {
    return this.http.get("devices", read.devices);
  }

  revokeDevice(statement: Uint8Array) {
    return this.http.post("devices/revoke", { statement: b(statement) }, read.devices);
  }

  people(query: string, cursor: string | null = null) {
    const parameters = new URLSearchParams({ q: query });
    if (cursor !== null) parameters.set("cursor", cursor);
    return this.http.get(`people?${parameters.toString()}`, read.people);
  }

  person(id: string) {
    return this.http.get(`people/${id}`, read.personCard);
  }

  /** Statements with version above `after`, oldest first. */
  async identity(person: string, after: number): Promise<Uint8Array[]> {
    const answer = await this.http.get(`people/${person}/identity?after=${String(after)}`, read.statements);
    return answer.statements;
  }

  /**
   * Hands statements back to a server that was restored to an older point; those that it has are passed over. The
   * version of the person's chain then. Refused with `conflict` unless the server is being restored.
   */
  async giveBackStatements(person: string, statements: readonly Uint8Array[]): Promise<number> {
    const body = { person, statements: statements.map(b) };
    return (await this.http.post("identities/give-back", body, read.chainVersion)).version;
  }

  async keyPackageCounts(): Promise<Record<string, number>> {
    return (await this.http.get("key-packages", read.counts)).counts;
  }

  async uploadKeyPackages(input: {
    suite: number;
    packages: Uint8Array[];
    lastResort: Uint8Array | null;
  }): Promise<Record<string, number>> {
    const body = {
      suite: input.suite,
      packages: input.packages.map(b),
      last_resort: input.lastResort ? b(input.lastResort) : null,
    };
    return (await this.http.post("key-packages", body, read.counts)).counts;
  }

  /**
   * One KeyPackage of every living device of up to 100 persons, or of those `devices` of theirs alone; own devices
   * without this one. A package is given out once.
   */
  claimKeyPackages(input: {
    persons: readonly string[];
    suite: number;
    conversation: string;
    devices: readonly string[] | null;
  }) {
    return this.http.post("key-packages/claim", input, read.claimed);
  }

  openDirect(person: string) {
    return this.http.post("conversations/direct", { person }, read.conversation);
  }

  createGroup() {
    return this.http.post("conversations/group", {}, read.conversation);
  }

  /** The conversation of one's own devices: made at the first call. */
  openSelf() {
    return this.http.post("conversations/self", {}, read.conversation);
  }

  units(query: string, cursor: string | null = null) {
    const parameters = new URLSearchParams({ q: query });
    if (cursor !== null) parameters.set("cursor", cursor);
    return this.http.get(`units?${parameters.toString()}`, read.units);
  }

  /** Everybody of a unit and of those below it. */
  unitPeople(unit: string, cursor: string | null = null) {
    const query = cursor === null ? "" : `?${new URLSearchParams({ cursor }).toString()}`;
    return this.http.get(`units/${unit}/people${query}`, read.people);
  }

  matchPeople(lines: readonly string[]) {
    return this.http.post("people/match", { lines }, read.matches);
  }

  conversation(id: string) {
    return this.http.get(`conversations/${id}`, read.conversation);
  }
}
