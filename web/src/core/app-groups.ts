import {
  AppError,
  type ConversationDetails,
  type Id,
  type PastedLine,
  type PersonCard,
  type Progress,
  type Readable,
  type UnitInfo,
} from "./api";
import { DeviceApp } from "./app-devices";
import { Value } from "./readable";

const refused = (): Promise<never> => Promise.reject(new AppError("internal"));

/** The part of the views' door that is about groups. */
export abstract class GroupApp extends DeviceApp {
  readonly createGroup = (_: {
    name: string;
    picture: Uint8Array | null;
    persons: readonly Id[];
    onProgress?: (progress: Progress) => void;
  }): Promise<Id> => refused();
  readonly details = (_: Id): Readable<ConversationDetails | null> => new Value(null);
  readonly addMembers = (
    _: Id,
    __: readonly Id[],
    ___?: (progress: Progress) => void,
  ): Promise<{ added: Id[]; invited: Id[] }> => refused();
  readonly removeMember = (_: Id, __: Id): Promise<void> => refused();
  readonly setAdmin = (_: Id, __: Id, ___: boolean): Promise<void> => refused();
  readonly leaveGroup = (_: Id): Promise<void> => refused();
  readonly renameGroup = (_: Id, __: string): Promise<void> => refused();
  readonly setGroupPicture = (_: Id, __: Uint8Array | null): Promise<void> => refused();
  readonly searchUnits = (_: string): Promise<readonly UnitInfo[]> => refused();
  readonly unitPeople = (_: Id): Promise<readonly PersonCard[]> => refused();
  readonly matchPeople = (_: readonly string[]): Promise<readonly PastedLine[]> => refused();
}
