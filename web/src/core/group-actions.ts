import { encodeContent } from "../crypto/content";
import { Batch, named, type MembershipRecord } from "../store";
import { AppError, type Id, type Progress } from "./api";
import { fromAnswer, rememberConversation } from "./catchup";
import { HYBRID_AT_FIRST } from "./begins";
import type { Composer } from "./composer";
import type { Context } from "./context";
import type { Errand } from "./errands";
import type { Groups } from "./groups";
import { idBytes, newId } from "./ids";
import { readView, type View } from "./pending";
import { pictureType } from "./pictures";
import { cleanName, MAX_PICTURE, readProfile } from "./profiles";

/** How long an answer is waited for that another member's commit must bring. */
const PATIENCE_MS = 25_000;
const LOOK_MS = 100;

type Told = (progress: Progress) => void;

/** What people do to groups. Leader only; each promise ends when the change is in the log. */
export class GroupActions {
  constructor(
    private readonly context: Context,
    private readonly groups: Groups,
    private readonly composer: Composer,
  ) {}

  do(errand: Errand, onProgress: Told): Promise<unknown> {
    switch (errand.do) {
      case "create":
        return this.create(errand, onProgress);
      case "add":
        return this.add(errand.conversation, errand.persons, onProgress);
      case "remove":
        return this.remove(errand.conversation, errand.person);
      case "role":
        return this.role(errand.conversation, errand.person, errand.admin);
      case "leave":
        return this.leave(errand.conversation);
      case "profile":
        return this.setProfile(errand.conversation, errand.name, errand.picture);
    }
  }

  /**
   * Begins a group with as many as one commit takes and adds the rest after it. Persons without a device are invited.
   * Throws `AppError("nobody_added")` when none of them has one.
   */
  async create(
    { name, picture, persons }: { name: string; picture: Uint8Array | null; persons: readonly Id[] },
    onProgress: Told,
  ): Promise<Id> {
    const { context, groups } = this;
    const others = [...new Set(persons)].filter((person) => person !== context.self.person);
    if (others.length === 0) throw new AppError("nobody_added");
    const profile = {
      name: cleanName(name),
      picture: checkedPicture(picture),
      at: context.now(),
      by: context.self.person,
    };
    const answer = await context.api.createGroup();
    const { id } = answer;
    await rememberConversation(context, fromAnswer(answer), true);
    const blind = await context.store.conversation(id);
    await context.store.commit(new Batch().put("profiles", blind, profile), { fence: context.fence });
    const total = others.length;
    onProgress({ done: 0, total });
    const begun = await groups.begins.begin(id, () => groups.begins.newGroup(others, HYBRID_AT_FIRST));
    if (!begun) throw new AppError("nobody_added");
    const { group } = await readView(context, id);
    const present = (group?.membership.length ?? 1) - 1;
    onProgress({ done: present, total });
    if (present < total)
      await groups.perform(id, { kind: "add", persons: others }, ({ done }) => {
        onProgress({ done: Math.min(total, present + done), total });
      });
    return id;
  }

  async add(
    conversation: Id,
    persons: readonly Id[],
    onProgress: Told,
  ): Promise<{ added: Id[]; invited: Id[] }> {
    await this.#asAdmin(conversation);
    const done = await this.groups.perform(conversation, { kind: "add", persons }, onProgress);
    const added = [...new Set(done.added)];
    if (added.length + done.invited.length === 0) throw new AppError("nobody_added");
    return { added, invited: done.invited.filter((person) => !added.includes(person)) };
  }

  async remove(conversation: Id, person: Id): Promise<void> {
    if (person === this.context.self.person) return this.leave(conversation);
    await this.#asAdmin(conversation);
    await this.groups.perform(conversation, { kind: "remove", person });
  }

  async role(conversation: Id, person: Id, admin: boolean): Promise<void> {
    const { membership } = await this.#inside(conversation);
    const admins = membership.filter(({ role }) => role === "admin");
    if (!admin && admins.length === 1 && admins[0]?.person === person) throw new AppError("last_admin");
    // Where no admin is left, the rules let the oldest member take it up: the engine judges that.
    if (admins.length > 0) await this.#asAdmin(conversation);
    await this.groups.perform(conversation, { kind: "role", person, admin });
  }

  /** Ends when another member has executed the order, or after a while: it stands, and this person is on the way out. */
  async leave(conversation: Id): Promise<void> {
    const { context } = this;
    await this.groups.leave(conversation);
    const end = context.now() + PATIENCE_MS;
    while (context.now() < end) {
      const { record } = await readView(context, conversation);
      if (record.standing === "out") return;
      await context.sleep(LOOK_MS);
    }
  }

  /** `null`: as it is. An empty picture takes it away. Ends when the words are in the log. */
  async setProfile(conversation: Id, name: string | null, picture: Uint8Array | null): Promise<void> {
    const { context } = this;
    await this.#asAdmin(conversation);
    const before = await readProfile(context, conversation);
    const content = encodeContent({
      t: "profile",
      id: idBytes(newId()),
      at: context.now(),
      name: name === null ? before.name : cleanName(name),
      picture: picture === null ? before.picture : checkedPicture(picture),
    });
    const message = await this.composer.post(conversation, content);
    const key = named(await context.store.conversation(conversation), message);
    const end = context.now() + PATIENCE_MS;
    while (await context.store.get("outbox", key)) {
      if (context.now() > end) throw new AppError("offline");
      await context.sleep(LOOK_MS);
    }
  }

  async #inside(conversation: Id): Promise<{ view: View; membership: readonly MembershipRecord[] }> {
    const view = await readView(this.context, conversation);
    if (view.record.kind !== "group" || !view.group?.state || view.record.standing !== "in")
      throw new AppError("not_a_member");
    return { view, membership: view.group.membership };
  }

  async #asAdmin(conversation: Id): Promise<void> {
    const { membership } = await this.#inside(conversation);
    const own = membership.find(({ person }) => person === this.context.self.person);
    if (own?.role !== "admin") throw new AppError("not_admin");
  }
}

function checkedPicture(picture: Uint8Array | null): Uint8Array {
  if (!picture || picture.length === 0) return new Uint8Array();
  if (picture.length > MAX_PICTURE) throw new AppError("too_large");
  if (!pictureType(picture)) throw new AppError("bad_request");
  return picture;
}
