/** The in-memory application's groups: what they hold, and what happens when somebody changes them. */
import {
  AppError,
  type ConversationDetails,
  type ConversationSummary,
  type GroupMember,
  type Id,
  type KeyTrust,
  type MessageInfo,
  type MessageItem,
  type Notice,
  type PastedLine,
  type PersonCard,
  type Progress,
  type UnitInfo,
} from "../src/core/api";
import { manyPeople, people } from "./fake-people";
import { groupThread } from "./fake-thread";
import { pause, Value } from "./fake-value";

const mePerson = people[0]!;

/** A drawn picture, as a data address. */
export const picture =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="#1f5f7a"/><path d="M0 46 20 26l14 14 12-10 18 18v16H0z" fill="#8fc7b5"/><circle cx="46" cy="18" r="7" fill="#f2d38b"/></svg>',
  );

export const blank = {
  name: "",
  picture: null,
  lastSender: null,
  standing: "in",
  mutedUntil: 0,
  pinned: false,
  typing: [],
  unread: 0,
  draft: "",
  partnerTyping: false,
} satisfies Partial<ConversationSummary>;

/** Everything holds, but that one member has a device that is not shown to everybody yet. */
function keyTrust(others: number): KeyTrust {
  const at = Date.now() - 90_000;
  return {
    state: others > 1 ? "waiting" : "good",
    checks: [
      { name: "policy", state: "good" },
      { name: "witnesses", state: "good", count: 3, of: 3 },
      { name: "fresh", state: "good", at },
      { name: "grows", state: "good", count: 1234 },
      {
        name: "listed",
        state: others > 1 ? "waiting" : "good",
        count: others > 1 ? others - 1 : others,
        of: others,
      },
      { name: "own", state: "good", at },
      { name: "members", state: "good", by: null },
    ],
  };
}

function member(person: PersonCard, more: Partial<GroupMember> = {}): GroupMember {
  return {
    person,
    role: person.activated ? "member" : "invited",
    me: person.id === mePerson.id,
    devices: person.activated ? 1 : 0,
    verified: false,
    ...more,
  };
}

interface Sample {
  name: string;
  standing?: ConversationSummary["standing"];
  persons: readonly PersonCard[];
  more?: Partial<ConversationSummary>;
  admin?: boolean;
}

const samples: Sample[] = [
  {
    name: "Budget 2026 – drafting",
    persons: people.slice(0, 6),
    more: { picture, pinned: true, unread: 3, partnerTyping: true, typing: [people[2]!.id, people[3]!.id] },
    admin: true,
  },
  { name: "پل‌های شمال", persons: [people[0]!, people[2]!, people[4]!], more: { mutedUntil: Infinity } },
  { name: "", persons: [people[0]!, people[1]!, people[3]!, people[7]!], admin: true },
  { name: "Flood response", standing: "out", persons: people.slice(0, 5) },
  { name: "Procurement board", standing: "waiting", persons: people.slice(0, 4) },
  { name: "ضمنی بجٹ", standing: "stopped", persons: people.slice(0, 4) },
];

export class FakeGroups {
  readonly conversations = new Value<readonly ConversationSummary[]>([]);
  /** Calls that a test looks at: name and arguments, in order. */
  readonly calls: [string, ...unknown[]][] = [];
  protected readonly messages = new Map<Id, Value<readonly MessageItem[]>>();
  readonly #details = new Map<Id, Value<ConversationDetails | null>>();

  protected fillGroups(now: number, large: boolean): ConversationSummary[] {
    const all = large
      ? [{ name: "All of the ministry", persons: [mePerson, ...manyPeople(999)], admin: true }, ...samples]
      : samples;
    return all.map((sample, index) => this.#group(sample, index, now));
  }

  #group(sample: Sample, index: number, now: number): ConversationSummary {
    const id = `00000000-0000-4000-c000-${String(index).padStart(12, "0")}`;
    const items = groupThread(mePerson.id, sample.persons, index, now);
    this.messages.set(id, new Value<readonly MessageItem[]>(items));
    const out = sample.standing === "out";
    const members = sample.persons.map((person, at) =>
      member(person, {
        ...(at === 0 ? { role: sample.admin ? "admin" : "member", devices: 2 } : {}),
        ...(at === 1 && !sample.admin ? { role: "admin" } : {}),
        ...(at === 2 ? { verified: true } : {}),
        ...(at === 4 ? { devices: 0 } : {}),
      }),
    );
    const details: ConversationDetails = {
      id,
      kind: "group",
      name: sample.name,
      picture: sample.more?.picture ?? null,
      members: out ? members.filter(({ me }) => !me) : members,
      myRole: out ? "out" : sample.admin ? "admin" : "member",
      postQuantum: sample.persons.length <= 100,
      generation: 1,
      epoch: 7,
      keys: keyTrust(sample.persons.length),
    };
    this.#details.set(id, new Value<ConversationDetails | null>(details));
    const last = items.at(-1) ?? null;
    return {
      ...blank,
      id,
      kind: "group",
      partner: null,
      name: sample.name,
      standing: sample.standing ?? "in",
      lastMessage: last,
      lastSender: last?.kind === "text" ? (people.find((one) => one.id === last.sender) ?? mePerson) : null,
      at: last?.at ?? now,
      ...sample.more,
    };
  }

  protected change(id: Id, change: Partial<ConversationSummary>): void {
    this.conversations.set(
      this.conversations.get().map((one) => (one.id === id ? { ...one, ...change } : one)),
    );
  }

  details(conversation: Id): Value<ConversationDetails | null> {
    const known = this.#details.get(conversation);
    if (known) return known;
    const partner = this.conversations.get().find(({ id }) => id === conversation)?.partner;
    const made = new Value<ConversationDetails | null>(
      partner
        ? {
            id: conversation,
            kind: "direct",
            name: "",
            picture: null,
            members: [
              member(mePerson, { devices: 2 }),
              member(partner, { verified: partner.id === people[2]!.id }),
            ],
            myRole: "member",
            postQuantum: true,
            generation: 1,
            epoch: 3,
            keys: keyTrust(1),
          }
        : null,
    );
    this.#details.set(conversation, made);
    return made;
  }

  /** A conversation's messages, for a test to change. */
  thread(conversation: Id): Value<readonly MessageItem[]> {
    const found = this.messages.get(conversation);
    if (!found) throw new AppError("not_found");
    return found;
  }

  /** In groups the first of the others has read it, the second has got it, the rest have not. */
  messageInfo(conversation: Id, message: Id): Value<MessageInfo | null> {
    const item = this.messages
      .get(conversation)
      ?.get()
      .find(({ id }) => id === message);
    if (!item?.mine) return new Value<MessageInfo | null>(null);
    const others = (this.details(conversation).get()?.members ?? []).filter(({ me }) => !me);
    const told = others.length < 50;
    const people: MessageInfo["people"] = others
      .filter(({ role }) => role !== "invited")
      .map(({ person }, index) => ({ person, state: (["read", "delivered"] as const)[index] ?? "sent" }));
    return new Value<MessageInfo | null>({
      at: item.at,
      state: item.state ?? "sent",
      told,
      people: told && item.seq !== null ? people : [],
    });
  }

  /** Changes the members, and says so in the conversation. */
  #edit(id: Id, edit: (before: ConversationDetails) => ConversationDetails, notice: Notice | null): void {
    const value = this.details(id);
    const before = value.get();
    if (before) value.set(edit(before));
    const all = this.messages.get(id);
    if (!all || !notice) return;
    const seq = all.get().length + 1;
    all.set([
      ...all.get(),
      {
        id: crypto.randomUUID(),
        seq,
        kind: "notice",
        mine: false,
        sender: null,
        copied: false,
        at: Date.now(),
        text: "",
        state: null,
        error: null,
        notice,
      },
    ]);
  }

  async #count(total: number, onProgress: ((progress: Progress) => void) | undefined): Promise<void> {
    for (let done = 0; done <= total; done += Math.max(1, Math.ceil(total / 12))) {
      onProgress?.({ done, total });
      await pause(60);
    }
    onProgress?.({ done: total, total });
  }

  async createGroup(input: {
    name: string;
    picture: Uint8Array | null;
    persons: readonly Id[];
    onProgress?: (progress: Progress) => void;
  }): Promise<Id> {
    this.calls.push(["createGroup", { name: input.name, picture: input.picture, persons: input.persons }]);
    await this.#count(input.persons.length, input.onProgress);
    if (input.name === "refused") throw new AppError("nobody_added");
    const persons = [mePerson, ...people.filter(({ id }) => input.persons.includes(id))];
    const made = this.#group(
      { name: input.name, persons, admin: true },
      900 + this.messages.size,
      Date.now(),
    );
    this.messages.get(made.id)?.set([]);
    this.conversations.set([{ ...made, lastMessage: null, lastSender: null }, ...this.conversations.get()]);
    this.#edit(made.id, (before) => before, { kind: "group-begun", by: mePerson.id });
    return made.id;
  }
  async addMembers(
    id: Id,
    persons: readonly Id[],
    onProgress?: (progress: Progress) => void,
  ): Promise<{ added: Id[]; invited: Id[] }> {
    this.calls.push(["addMembers", id, persons]);
    await this.#count(persons.length, onProgress);
    const cards = people.filter((one) => persons.includes(one.id));
    const added = cards.filter(({ activated }) => activated).map((one) => one.id);
    const invited = cards.filter(({ activated }) => !activated).map((one) => one.id);
    this.#edit(
      id,
      (before) => ({ ...before, members: [...before.members, ...cards.map((card) => member(card))] }),
      { kind: "added", by: mePerson.id, persons: added },
    );
    return { added, invited };
  }
  async removeMember(id: Id, person: Id): Promise<void> {
    this.calls.push(["removeMember", id, person]);
    await pause(150);
    this.#edit(
      id,
      (before) => ({ ...before, members: before.members.filter((one) => one.person.id !== person) }),
      { kind: "removed", by: mePerson.id, persons: [person] },
    );
  }
  async setAdmin(id: Id, person: Id, admin: boolean): Promise<void> {
    this.calls.push(["setAdmin", id, person, admin]);
    await pause(100);
    const others = this.details(id)
      .get()
      ?.members.some((one) => one.role === "admin" && one.person.id !== person);
    if (!admin && !others) throw new AppError("last_admin");
    this.#edit(
      id,
      (before) => ({
        ...before,
        members: before.members.map((one) =>
          one.person.id === person ? { ...one, role: admin ? "admin" : "member" } : one,
        ),
      }),
      { kind: "admin", by: mePerson.id, person, admin },
    );
  }
  async leaveGroup(id: Id): Promise<void> {
    this.calls.push(["leaveGroup", id]);
    await pause(150);
    this.#edit(id, (before) => ({ ...before, myRole: "out" }), { kind: "you-left" });
    this.change(id, { standing: "out" });
  }
  async renameGroup(id: Id, name: string): Promise<void> {
    this.calls.push(["renameGroup", id, name]);
    await pause(100);
    this.#edit(id, (before) => ({ ...before, name }), { kind: "renamed", by: mePerson.id, name });
    this.change(id, { name });
  }
  async setGroupPicture(id: Id, bytes: Uint8Array | null): Promise<void> {
    this.calls.push(["setGroupPicture", id, bytes]);
    const address = bytes ? URL.createObjectURL(new Blob([bytes.slice()])) : null;
    this.#edit(id, (before) => ({ ...before, picture: address }), { kind: "picture", by: mePerson.id });
    this.change(id, { picture: address });
  }
  async mute(id: Id, until: number): Promise<void> {
    this.calls.push(["mute", id, until]);
    this.change(id, { mutedUntil: until });
  }
  async pin(id: Id, pinned: boolean): Promise<void> {
    this.calls.push(["pin", id, pinned]);
    this.change(id, { pinned });
  }

  async searchUnits(query: string): Promise<readonly UnitInfo[]> {
    await pause(80);
    const units = new Map<string, UnitInfo>();
    for (const one of people) {
      const before = units.get(one.unit.latin);
      units.set(one.unit.latin, {
        id: `unit-${one.unit.latin}`,
        name: one.unit,
        ministry: one.ministry,
        people: (before?.people ?? 0) + 1,
      });
    }
    const words = query.toLowerCase();
    return [...units.values()].filter(({ name, ministry }) =>
      [name.latin, name.local, ministry.latin, ministry.local].some((text) =>
        text.toLowerCase().includes(words),
      ),
    );
  }
  async unitPeople(unit: Id): Promise<readonly PersonCard[]> {
    await pause(80);
    return people.filter((one) => `unit-${one.unit.latin}` === unit);
  }
  async matchPeople(lines: readonly string[]): Promise<readonly PastedLine[]> {
    this.calls.push(["matchPeople", lines]);
    await pause(120);
    return lines.map((line) => {
      const words = line.toLowerCase();
      return {
        line,
        people: people
          .filter(({ name }) => `${name.latin} ${name.local}`.toLowerCase().includes(words))
          .slice(0, 5),
      };
    });
  }
}
