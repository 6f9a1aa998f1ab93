import { HYBRID } from "../crypto/policy";
import type { ConversationDetails, GroupMember, Id, Readable } from "./api";
import type { Context } from "./context";
import type { Identities } from "./identities";
import { pooled } from "./lanes";
import { readView, type View } from "./pending";
import type { People } from "./people";
import { pictureAddress } from "./pictures";
import { readProfile } from "./profiles";
import { Value } from "./readable";
import { isVerified } from "./synced";

/** Cards that are asked for at once when a large group's page is opened. */
const CARDS_AT_ONCE = 4;

/** The page of details of one conversation; read from the store while somebody looks at it. */
export class LiveDetails implements Readable<ConversationDetails | null> {
  readonly #value = new Value<ConversationDetails | null>(null);
  #readers = 0;
  #end: () => void = () => undefined;
  #again = false;
  #reading = false;

  constructor(
    private readonly context: Context,
    private readonly people: People,
    private readonly identities: Identities,
    private readonly conversation: Id,
  ) {}

  get(): ConversationDetails | null {
    return this.#value.get();
  }

  subscribe(run: (value: ConversationDetails | null) => void): () => void {
    const end = this.#value.subscribe(run);
    this.#readers += 1;
    if (this.#readers === 1) this.#start();
    let ended = false;
    return () => {
      end();
      if (ended) return;
      ended = true;
      this.#readers -= 1;
      if (this.#readers === 0) this.#end();
    };
  }

  #start(): void {
    this.#end = this.context.bus.listen((notice) => {
      const concerns = notice.t === "conversation" || notice.t === "messages";
      if (concerns && notice.conversation === this.conversation) this.#poke();
      // A mark of verification stands on somebody's chain.
      else if (notice.t === "chain") this.#poke();
    });
    this.#poke();
  }

  #poke(): void {
    this.#again = true;
    if (this.#reading) return;
    this.#reading = true;
    this.context.background(
      "details",
      this.#readAll().finally(() => {
        this.#reading = false;
      }),
    );
  }

  async #readAll(): Promise<void> {
    while (this.#again && this.#readers > 0) {
      this.#again = false;
      const view = await readView(this.context, this.conversation);
      this.#value.set(await this.#details(view));
      const unknown = this.#value.get()?.members.filter(({ person }) => person.name.latin === "") ?? [];
      if (unknown.length === 0) continue;
      await pooled(unknown, ({ person }) => this.people.card(person.id).catch(() => null), CARDS_AT_ONCE);
      this.#value.set(await this.#details(view));
    }
  }

  async #details({ record, group }: View): Promise<ConversationDetails> {
    const { self } = this.context;
    const profile = await readProfile(this.context, record.id);
    const isGroup = record.kind === "group";
    const rows: { person: Id; role: GroupMember["role"] }[] =
      isGroup && group && group.membership.length > 0
        ? group.membership
        : record.persons.map((person) => ({ person, role: "member" as const }));
    const devices = group?.devices ?? [];
    const members = await pooled(rows, async ({ person, role }): Promise<GroupMember> => ({
      person: await this.people.known(person),
      role,
      me: person === self.person,
      devices: devices.filter((one) => one.person === person).length,
      verified: person !== self.person && (await this.#verified(person)),
    }));
    const own = rows.find(({ person }) => person === self.person)?.role;
    const role = own === "admin" || own === "member" ? own : "out";
    return {
      id: record.id,
      kind: isGroup ? "group" : "direct",
      name: profile.name,
      picture: pictureAddress(profile.picture),
      members,
      myRole: record.standing === "out" ? "out" : role,
      postQuantum: group?.suite === HYBRID,
      generation: record.generation,
      epoch: group?.epoch ?? 0,
      keys: await this.context.keyLog.describe(rows.map(({ person }) => person)),
    };
  }

  async #verified(person: Id): Promise<boolean> {
    const chain = await this.identities.latest(person);
    return chain !== null && isVerified(this.context, person, chain.base);
  }
}
