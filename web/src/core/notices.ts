import type { GroupChange, MembershipRecord, NoticeRecord } from "../store";
import type { Id } from "./api";
import type { Step } from "./step";

/** One commit of a group, as far as people are told of it. */
export interface Told {
  seq: number;
  time: number;
  /** From the verified commit; our own when it is ours. */
  by: Id;
  kind: "direct" | "group" | "self";
  before: readonly MembershipRecord[];
  after: readonly MembershipRecord[];
  change: Pick<GroupChange, "added" | "removed">;
  /** Persons whose leaving an executed order is about. */
  leaving: ReadonlySet<Id>;
  self: Id;
}

/**
 * The lines that the conversation shows for a commit: persons who came or went, invitations, admins, and, where only
 * devices moved, devices. They follow from the membership before and after and from nothing that anybody claims.
 */
export function tellCommit(step: Step, told: Told): void {
  for (const [index, notice] of linesOf(told).entries()) step.notice(told.seq, told.time, notice, index);
}

/** The lines of a new group: who made it, and whom they took in or invited from the start. */
export function tellBegun(
  step: Step,
  {
    seq,
    time,
    by,
    membership,
  }: Pick<Told, "seq" | "time" | "by"> & { membership: readonly MembershipRecord[] },
): void {
  const others = membership.filter(({ person }) => person !== by);
  const persons = (invited: boolean): Id[] =>
    others.filter(({ role }) => (role === "invited") === invited).map(({ person }) => person);
  step.notice(seq, time, { kind: "group-begun", by });
  if (persons(false).length > 0) step.notice(seq, time, { kind: "added", by, persons: persons(false) }, 1);
  if (persons(true).length > 0) step.notice(seq, time, { kind: "invited", by, persons: persons(true) }, 2);
}

/**
 * The line of this device's own coming in. Only an admin takes in somebody new: anybody else's device has let in who had
 * been invited before.
 */
export function enteredLine(
  self: Id,
  wasMember: boolean,
  by: Id,
  membership: readonly MembershipRecord[],
): NoticeRecord {
  if (wasMember) return { kind: "device-added", person: self };
  const isAdmin = membership.some(({ person, role }) => person === by && role === "admin");
  return isAdmin ? { kind: "added", by, persons: [self] } : { kind: "joined", persons: [self] };
}

function linesOf({ by, kind, before, after, change, leaving, self }: Told): NoticeRecord[] {
  const lines: NoticeRecord[] = [];
  const roleBefore = new Map(before.map(({ person, role }) => [person, role]));
  const roleAfter = new Map(after.map(({ person, role }) => [person, role]));
  const isIn = (role: string | undefined): boolean => role === "member" || role === "admin";
  const came = after.filter(({ person, role }) => isIn(role) && !isIn(roleBefore.get(person)));
  // An invitation was somebody's doing; keeping it is nobody's.
  const [joined, added] = [true, false].map((was) =>
    came.flatMap(({ person }) => ((roleBefore.get(person) === "invited") === was ? [person] : [])),
  ) as [Id[], Id[]];
  const invited = after.filter(({ person, role }) => role === "invited" && !roleBefore.has(person));
  const went = before.filter(({ person }) => !roleAfter.has(person));
  if (added.length > 0) lines.push({ kind: "added", by, persons: added });
  if (joined.length > 0) lines.push({ kind: "joined", persons: joined });
  if (invited.length > 0) lines.push({ kind: "invited", by, persons: invited.map(({ person }) => person) });
  const removed = went.filter(({ person }) => !leaving.has(person) && person !== self);
  if (removed.length > 0) lines.push({ kind: "removed", by, persons: removed.map(({ person }) => person) });
  for (const { person } of went) {
    if (person === self) lines.push(leaving.has(self) ? { kind: "you-left" } : { kind: "you-removed", by });
    else if (leaving.has(person)) lines.push({ kind: "left", person });
  }
  for (const { person, role } of after) {
    const was = roleBefore.get(person);
    if (!isIn(was) || was === role) continue;
    // Nobody names the heir of the last admin: the rules do.
    const own = role === "admin" && went.some((one) => one.role === "admin");
    lines.push({ kind: "admin", by: own ? null : by, person, admin: role === "admin" });
  }
  return [
    ...lines,
    ...deviceLines({ kind, change, self }, new Set([...came, ...went].map(({ person }) => person))),
  ];
}

/** Devices that came or went without their person; a device that was let in again is both, and no news. */
function deviceLines(
  { change, kind }: Pick<Told, "change" | "kind" | "self">,
  told: ReadonlySet<Id>,
): NoticeRecord[] {
  if (kind === "self") return [];
  const devices = (list: GroupChange["added"], other: GroupChange["added"]): Id[] => {
    const moved = list.filter(({ device }) => !other.some((one) => one.device === device));
    return [...new Set(moved.map(({ person }) => person))].filter((person) => !told.has(person));
  };
  return [
    ...devices(change.added, change.removed).map((person) => ({ kind: "device-added" as const, person })),
    ...devices(change.removed, change.added).map((person) => ({ kind: "device-removed" as const, person })),
  ];
}
