import type {
  ConversationDetails,
  Id,
  MessageInfo,
  PastedLine,
  PersonCard,
  Progress,
  Readable,
  UnitInfo,
} from "./api";
import { DeviceApp } from "./app-devices";
import { LiveDetails } from "./details";
import { ask, type Errand } from "./errands";
import { messageInfo } from "./message-info";
import { Value } from "./readable";

type Told = (progress: Progress) => void;

/** Lines that are matched in one request. */
const LINES_AT_ONCE = 100;
/** A unit of a whole ministry is read in pages; nobody makes a group of more. */
const MOST_PEOPLE = 2_000;

const quiet = (): void => undefined;

/** The part of the views' door that is about groups. The leading tab does the work, whichever tab asks. */
export abstract class GroupApp extends DeviceApp {
  createGroup({
    name,
    picture,
    persons,
    onProgress = quiet,
  }: {
    name: string;
    picture: Uint8Array | null;
    persons: readonly Id[];
    onProgress?: Told;
  }): Promise<Id> {
    return this.#ask({ do: "create", name, picture, persons: [...persons] }, onProgress) as Promise<Id>;
  }

  details(conversation: Id): Readable<ConversationDetails | null> {
    const open = this.holder.current.get();
    if (!open) return new Value(null);
    return new LiveDetails(open.context, open.people, open.identities, conversation);
  }

  messageInfo(conversation: Id, message: Id): Readable<MessageInfo | null> {
    const open = this.holder.current.get();
    return open ? messageInfo(open.context, open.people, conversation, message) : new Value(null);
  }

  addMembers(
    conversation: Id,
    persons: readonly Id[],
    onProgress: Told = quiet,
  ): Promise<{ added: Id[]; invited: Id[] }> {
    const errand: Errand = { do: "add", conversation, persons: [...persons] };
    return this.#ask(errand, onProgress) as Promise<{ added: Id[]; invited: Id[] }>;
  }

  async removeMember(conversation: Id, person: Id): Promise<void> {
    await this.#ask({ do: "remove", conversation, person });
  }

  async setAdmin(conversation: Id, person: Id, admin: boolean): Promise<void> {
    await this.#ask({ do: "role", conversation, person, admin });
  }

  async leaveGroup(conversation: Id): Promise<void> {
    await this.#ask({ do: "leave", conversation });
  }

  async renameGroup(conversation: Id, name: string): Promise<void> {
    await this.#ask({ do: "profile", conversation, name, picture: null });
  }

  async setGroupPicture(conversation: Id, picture: Uint8Array | null): Promise<void> {
    await this.#ask({ do: "profile", conversation, name: null, picture: picture ?? new Uint8Array() });
  }

  searchUnits(query: string): Promise<readonly UnitInfo[]> {
    return this.use(async (open) => (await open.context.api.units(query.trim())).units);
  }

  unitPeople(unit: Id): Promise<readonly PersonCard[]> {
    return this.use(async (open) => {
      const found: PersonCard[] = [];
      let cursor: string | null = null;
      do {
        const page: { people: PersonCard[]; next: string | null } = await open.context.api.unitPeople(
          unit,
          cursor,
        );
        await open.people.remember(page.people);
        found.push(...page.people);
        cursor = page.next;
      } while (cursor !== null && found.length < MOST_PEOPLE);
      return found;
    });
  }

  matchPeople(lines: readonly string[]): Promise<readonly PastedLine[]> {
    return this.use(async (open) => {
      const asked = lines.map((line) => line.trim()).filter((line) => line !== "");
      const found: PastedLine[] = [];
      for (let at = 0; at < asked.length; at += LINES_AT_ONCE) {
        const { matches } = await open.context.api.matchPeople(asked.slice(at, at + LINES_AT_ONCE));
        for (const { people } of matches) await open.people.remember(people);
        found.push(...matches);
      }
      return found;
    });
  }

  #ask(errand: Errand, onProgress: Told = quiet): Promise<unknown> {
    return this.use((open) => ask(open.context.bus, errand, onProgress));
  }
}
