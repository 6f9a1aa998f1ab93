/** Somebody of the demo directory with a whole client under Node: what the tests against the real server are told by. */

import { exec } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import type {
  App,
  Approval,
  ConversationSummary,
  Id,
  MessageItem,
  Notice,
  Readable,
} from "../../src/core/api";
import type { Context } from "../../src/core/context";
import { idBytes } from "../../src/core/ids";
import { Profile, Tab, totp, until } from "./node";

export interface DemoPerson {
  id: Id;
  login: string;
  personnel_number: string;
  name: { latin: string; local: string };
  ministry: string;
  duties: string[];
  activated: boolean;
  activation_code: string;
}

export interface Demo {
  url: string;
  people: DemoPerson[];
  officers: { name: string; key_file: string; passphrase: string }[];
}

/** Length of a step of one-time codes. */
const STEP_MS = 30_000;
/** What the server says of a code that came too late; of which one of three was wrong signing in says nothing. */
const REFUSALS = ["totp_refused", "sign_in_refused"];
/** Longer than a request of theirs takes on a loaded machine. */
const MARGIN_MS = 8_000;

/** Address of the server. */
export const url = process.env["BEEP_TEST_URL"];
/** Path of its demo.json. */
export const demo = process.env["BEEP_TEST_DEMO"];
/** A command that ends the web server with kill -9; whoever runs the tests starts it again. */
export const kill = process.env["BEEP_TEST_KILL"];

/** `manage.py` of the server. */
const MANAGE = process.env["BEEP_TEST_MANAGE"] ?? "";

/** Takes a copy of the server's database, or sets the server back to it. */
const BACKUP = process.env["BEEP_TEST_BACKUP"] ?? "";

export async function backup(what: "take" | "restore"): Promise<void> {
  await promisify(exec)(`${BACKUP} ${what}`);
}

/** Runs `manage.py` with `input` typed into it; returns what it prints. */
export async function manage(words: readonly string[], input = ""): Promise<string> {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const running = promisify(exec)(`${MANAGE} ${quoted}`);
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** Path of the person's ministry in the directory. */
export async function ministryOf(who: Colleague): Promise<string> {
  const code =
    "from accounts.models import Membership; " +
    `print(Membership.objects.get(person='${who.personId}', primary=True).unit.ministry_path)`;
  return (await manage(["shell", "-v0", "-c", code])).trim();
}

export class Colleague {
  readonly profile: Profile;
  tab: Tab;
  app!: App;
  totpSecret = "";
  recoveryCode = "";
  personId = "";
  passphrase: string;
  /** What this device shows while it asks to be let in. */
  approval: Readable<Approval> | null = null;
  /** The step of the last one-time code that was used. */
  #step = 0;

  constructor(readonly person: DemoPerson) {
    this.profile = new Profile(url ?? "");
    this.tab = new Tab(this.profile);
    this.passphrase = `seven quiet rivers of ${person.login}`;
  }

  async activate(): Promise<void> {
    this.app = await this.tab.start();
    const offer = await this.app.beginActivation(this.person.activation_code, this.person.personnel_number);
    this.totpSecret = offer.totpSecret;
    this.recoveryCode = offer.recoveryCode;
    this.personId = offer.person.id;
    const { passphrase } = this;
    await this.withCode((code) => this.app.finishActivation({ passphrase, totp: code, deviceName: "Node" }));
    await until(this.app.connection, (state) => state === "online");
  }

  /**
   * Does something with a one-time code. On a machine with much else to do the passphrase's key may take longer than
   * the code is good for: then once more, with the newest that is taken already, which serves the longest.
   */
  async withCode<T>(use: (code: string) => Promise<T>): Promise<T> {
    try {
      return await use(await this.code());
    } catch (error) {
      if (!REFUSALS.includes((error as { code?: string }).code ?? "")) throw error;
      this.#step = Math.floor(Date.now() / STEP_MS);
      return use(await this.code());
    }
  }

  /**
   * The next one-time code. Each serves once, and the server takes those of a step more or less: the first is the one
   * before, so that the next two need no waiting.
   */
  async code(): Promise<string> {
    for (;;) {
      const now = Math.floor(Date.now() / STEP_MS);
      // Near its end the step before is no longer taken when the request arrives.
      const oldest = Date.now() % STEP_MS > STEP_MS - MARGIN_MS ? now : now - 1;
      const step = Math.max(this.#step + 1, oldest);
      if (step <= now + 1) {
        this.#step = step;
        return totp(this.totpSecret, step * STEP_MS);
      }
      await new Promise((resolve) => setTimeout(resolve, STEP_MS - (Date.now() % STEP_MS)));
    }
  }

  /** The same person at another browser, signed in as far as the question how it is to be let in. */
  async elsewhere(): Promise<Colleague> {
    const { person, totpSecret, recoveryCode, personId, passphrase } = this;
    const other = new Colleague(person);
    Object.assign(other, { totpSecret, recoveryCode, personId, passphrase });
    other.app = await other.tab.start();
    const found = await this.withCode((code) =>
      other.app.signIn({ login: person.login, passphrase, totp: code }),
    );
    other.#step = this.#step;
    if (found !== "replace") throw new Error(`signing in said ${found}`);
    return other;
  }

  /** The same person with nothing but a reset letter, at a new computer; two officers must sign before it goes on. */
  async anew(code: string): Promise<Colleague> {
    const other = new Colleague(this.person);
    Object.assign(other, { personId: this.personId, passphrase: `${this.passphrase} again` });
    other.app = await other.tab.start();
    const offer = await other.app.beginReset(code, this.person.personnel_number);
    Object.assign(other, { totpSecret: offer.totpSecret, recoveryCode: offer.recoveryCode });
    const deviceName = "After the fire";
    await other.withCode((code) =>
      other.app.requestReset({ passphrase: other.passphrase, totp: code, deviceName }),
    );
    return other;
  }

  /** Where the server's log of the conversation ends. Throws while it cannot be asked. */
  async serverEnd(conversation: Id): Promise<number> {
    const range = { conversation: idBytes(conversation), after: 0, limit: 1 };
    return (await this.context.link.request("fetch", range)).last_seq;
  }

  /** Below the views' door, for a client that somebody has changed. */
  get context(): Context {
    return (this.app as unknown as { holder: { opened: { context: Context } } }).holder.opened.context;
  }

  /** The tab is killed; nothing is locked. */
  async stop(): Promise<void> {
    await (this.app as App & { dispose(): Promise<void> }).dispose();
  }

  /** Another tab is opened, after the one that is there (or was) is killed. */
  async restart(): Promise<void> {
    await this.stop();
    this.tab = new Tab(this.profile);
    this.app = await this.tab.start();
  }

  async conversation(): Promise<ConversationSummary> {
    const list = await until(this.app.conversations, (all) => all.length > 0);
    return list[0]!;
  }

  /** The conversation's row of the list once it is as `condition` says. */
  async row(
    id: Id,
    condition: (row: ConversationSummary) => boolean = () => true,
    patience = 60_000,
  ): Promise<ConversationSummary> {
    const wanted = (row: ConversationSummary): boolean => row.id === id && condition(row);
    const all = await until(this.app.conversations, (rows) => rows.some(wanted), patience);
    return all.find(wanted)!;
  }

  /** The texts of the conversation once it shows `count` of them. */
  async texts(conversation: string, count: number, patience = 60_000): Promise<MessageItem[]> {
    const list = await this.app.openMessages(conversation);
    while (!list.atStart.get()) await list.loadOlder();
    while (!list.atEnd.get()) await list.loadNewer();
    const shown = (items: readonly MessageItem[]) => items.filter((item) => item.kind !== "notice");
    const items = await until(
      list.items,
      (now) => shown(now).length >= count && now.every((i) => i.state !== "queued"),
      patience,
    );
    list.close();
    return shown(items);
  }

  /** Everything the conversation shows, once it is as `condition` says. */
  async items(
    conversation: Id,
    condition: (items: readonly MessageItem[]) => boolean,
    patience = 60_000,
  ): Promise<readonly MessageItem[]> {
    const list = await this.app.openMessages(conversation);
    try {
      while (!list.atStart.get()) await list.loadOlder();
      return await until(list.items, condition, patience);
    } catch (error) {
      const { errors } = await this.app.diagnostics();
      const noted = errors.map(({ label, code }) => `${label} ${code}`).join(", ");
      throw new Error(`${this.person.login}: ${(error as Error).message}; ${noted}`, { cause: error });
    } finally {
      list.close();
    }
  }

  /** Waits until the text is shown. */
  async hears(conversation: Id, text: string, patience = 60_000): Promise<MessageItem> {
    const items = await this.items(conversation, (all) => all.some((one) => one.text === text), patience);
    return items.find((one) => one.text === text)!;
  }

  /** Waits until a line of that kind is shown. */
  async told<K extends Notice["kind"]>(conversation: Id, kind: K): Promise<Extract<Notice, { kind: K }>> {
    const items = await this.items(conversation, (all) => all.some((one) => one.notice?.kind === kind));
    return items.findLast((one) => one.notice?.kind === kind)!.notice as Extract<Notice, { kind: K }>;
  }
}

/** One says it, everybody reads it. */
export async function allHear(
  who: readonly Colleague[],
  speaker: Colleague,
  conversation: Id,
  text: string,
  patience?: number,
): Promise<void> {
  await speaker.app.send(conversation, text);
  const hearing = who.map((one) =>
    one.hears(conversation, text, patience).catch(async () => {
      const [said, heard] = await Promise.all([speaker.app.diagnostics(), one.app.diagnostics()]);
      const failed = `${one.person.login} does not hear "${text}" of ${speaker.person.login}`;
      throw new Error(`${failed}\n\nwho speaks\n${said.text}\n\nwho listens\n${heard.text}`);
    }),
  );
  await Promise.all(hearing);
}

export function readDemo(): Demo {
  return JSON.parse(readFileSync(demo ?? "", "utf8")) as Demo;
}

/** Those who have a letter that nobody has used yet. */
export const freePeople = (): DemoPerson[] => readDemo().people.filter((person) => !person.activated);

/** Activates the first of `people` whose letter has not been used yet; takes everybody it tried off the list. */
export async function newcomer(people: DemoPerson[]): Promise<Colleague> {
  for (;;) {
    const person = people.shift();
    if (!person) throw new Error("nobody is left to activate in demo.json");
    const colleague = new Colleague(person);
    try {
      await colleague.activate();
      return colleague;
    } catch (error) {
      if ((error as { code?: string }).code !== "code_used") throw error;
    }
  }
}
