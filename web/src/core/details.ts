import { HYBRID } from "../crypto/policy";
import type { GroupRecord } from "../store";
import type { ConversationDetails, GroupMember, Id } from "./api";
import type { Context } from "./context";
import type { Identities } from "./identities";
import { pooled } from "./lanes";
import { LiveView } from "./live-view";
import { readView, type View } from "./pending";
import type { People } from "./people";
import { pictureAddress } from "./pictures";
import { readProfile } from "./profiles";
import { isVerified } from "./synced";

/** Cards that are asked for at once when a large group's page is opened. */
const CARDS_AT_ONCE = 4;

/** The page of details of one conversation; read from the store while somebody looks at it. */
export class LiveDetails extends LiveView<ConversationDetails> {
  readonly #context: Context;
  readonly #people: People;
  readonly #identities: Identities;

  constructor(context: Context, people: People, identities: Identities, conversation: Id) {
    super(context, {
      name: "details",
      concerns: (notice) =>
        ((notice.t === "conversation" || notice.t === "messages") && notice.conversation === conversation) ||
        // A mark of verification stands on somebody's chain, and is set here or on another own device.
        notice.t === "chain" ||
        notice.t === "taken",
      read: async (show) => {
        const view = await readView(context, conversation);
        const first = await this.#details(view);
        show(first);
        const unknown = first.members.filter(({ person }) => person.name.latin === "");
        if (unknown.length === 0) return;
        await pooled(unknown, ({ person }) => people.card(person.id).catch(() => null), CARDS_AT_ONCE);
        show(await this.#details(view));
      },
    });
    this.#context = context;
    this.#people = people;
    this.#identities = identities;
  }

  async #details({ record, group }: View): Promise<ConversationDetails> {
    const { self } = this.#context;
    const profile = await readProfile(this.#context, record.id);
    const isGroup = record.kind === "group";
    const rows: { person: Id; role: GroupMember["role"] }[] =
      isGroup && group && group.membership.length > 0
        ? group.membership
        : record.persons.map((person) => ({ person, role: "member" as const }));
    const devices = group?.devices ?? [];
    const members = await pooled(rows, async ({ person, role }): Promise<GroupMember> => ({
      ...(await this.#member(person, devices)),
      role,
      me: person === self.person,
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
      keys: await this.#context.keyLog.describe(rows.map(({ person }) => person)),
    };
  }

  /** Whoever has a device in the tree is activated, whatever an older card says. */
  async #member(person: Id, all: GroupRecord["devices"]): Promise<Pick<GroupMember, "person" | "devices">> {
    const card = await this.#people.known(person);
    const devices = all.filter((one) => one.person === person).length;
    return { person: devices > 0 ? { ...card, activated: true } : card, devices };
  }

  async #verified(person: Id): Promise<boolean> {
    const chain = await this.#identities.latest(person);
    return chain !== null && isVerified(this.#context, person, chain.base);
  }
}
