import { type App, AppError, type SessionState } from "./api";
import type { Environment } from "./environment";
import { Value } from "./readable";
import { defaultSettings } from "./settings";

/** Stands in where the database cannot be opened: says why, and erasing is all that it can do. */
export class BrokenApp implements App {
  readonly session: Value<SessionState>;
  readonly connection = new Value("offline" as const);
  readonly readOnly = new Value(false);
  readonly settings;
  readonly conversations = new Value([]);
  readonly unread = new Value(0);

  constructor(
    private readonly env: Environment,
    state: SessionState,
  ) {
    this.session = new Value(state);
    this.settings = new Value(defaultSettings(env.languages));
  }

  readonly beginActivation = refuse;
  readonly finishActivation = refuse;
  readonly signIn = refuse;
  readonly finishReplace = refuse;
  readonly beginRecovery = refuse;
  readonly finishRecovery = refuse;
  readonly unlock = refuse;
  readonly lock = refuse;
  readonly signOut = (): Promise<void> => this.erase();
  readonly searchPeople = refuse;
  readonly person = refuse;
  readonly openDirect = refuse;
  readonly openMessages = refuse;
  readonly send = refuse;
  readonly retry = refuse;
  readonly discard = refuse;
  readonly setDraft = refuse;
  readonly typing = (): void => undefined;
  readonly markRead = refuse;
  readonly devices = refuse;
  readonly revokeDevice = refuse;
  readonly renameDevice = refuse;
  readonly createGroup = refuse;
  readonly details = (): Value<null> => new Value(null);
  readonly messageInfo = (): Value<null> => new Value(null);
  readonly addMembers = refuse;
  readonly removeMember = refuse;
  readonly setAdmin = refuse;
  readonly leaveGroup = refuse;
  readonly renameGroup = refuse;
  readonly setGroupPicture = refuse;
  readonly mute = refuse;
  readonly pin = refuse;
  readonly searchUnits = refuse;
  readonly unitPeople = refuse;
  readonly matchPeople = refuse;
  readonly beginApproval = refuse;
  readonly confirmApproval = refuse;
  readonly scanApproval = refuse;
  readonly cancelApproval = refuse;
  readonly pairings = new Value([]);
  readonly approveWithDigits = refuse;
  readonly approveWithQr = refuse;
  readonly refusePairing = refuse;
  readonly history = new Value(null);
  readonly beginReset = refuse;
  readonly requestReset = refuse;
  readonly resetStatus = refuse;
  readonly safetyNumber = refuse;
  readonly setVerified = refuse;
  readonly checkSafetyQr = refuse;
  readonly report = refuse;
  readonly moderators = refuse;
  readonly ledger = refuse;
  readonly verifyLedgerRow = refuse;
  readonly reports = new Value([]);
  readonly cancelHistory = refuse;
  readonly ownReset = new Value(null);
  readonly stopReset = refuse;
  readonly updateSettings = refuse;

  diagnostics() {
    const lines = [{ label: "session", value: "broken" }];
    return Promise.resolve({ lines, groups: [], errors: [], text: "session: broken" });
  }

  /** Removes the whole database, whatever version wrote it, and begins anew. */
  async erase(): Promise<void> {
    this.env.canary.remove("beep.vault");
    this.env.canary.remove("beep.mark");
    const request = this.env.idb.indexedDB.deleteDatabase(this.env.name);
    await new Promise<void>((resolve, reject) => {
      request.onsuccess = () => {
        resolve();
      };
      request.onerror = request.onblocked = () => {
        reject(new AppError("storage_failed"));
      };
    });
    this.env.reload();
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new AppError("storage_failed"));
}
