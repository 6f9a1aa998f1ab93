/**
 * What every view gets from the page: the application and the people by id.
 *
 * Data attributes that tests drive the pages by (stable; the sentences are not):
 *
 * | attribute | on |
 * | --- | --- |
 * | `data-conversation=<id>` | a row of the list; with it `data-kind=direct\|group`, `data-standing`, `data-muted`, `data-pinned` |
 * | `data-action=<name>` | an item of a menu or an action of a page: `new-direct` `new-group` `pin` `unpin` `mute-1` `mute-8` `mute-always` `unmute` `leave` `report` `admin` `unadmin` `remove` `write` `safety` `add-members` `rename` `picture` `discard-group` |
 * | `data-message=<id>` | a message's row, with `data-kind`; `data-sender=<person>` on those of others, `data-copied` on those from another device |
 * | `data-message-menu` | the button of a message's menu, whose actions are `copy` `info` `report` |
 * | `data-info=<message>` | how far a message has come; `data-reached=read\|delivered\|sent` on each part |
 * | `data-found=<count>` | the conversations that a search found, above the directory |
 * | `data-notice=<kind>` | a notice's line |
 * | `data-standing=<standing>` | the conversation, and the bar in place of the composer |
 * | `data-state` | the mark of a message of one's own |
 * | `data-person=<id>` | a person in the directory, in pick lists, in chips and in lists of members |
 * | `data-role=member\|admin\|invited` | a member's row; `data-devices` has the number, `data-verified` the mark |
 * | `data-unit=<id>`, `data-line=<n>` | a unit of the picker, a line of the pasted list (`data-hits` has the number of people) |
 * | `data-progress=<done>` | a bar of progress; `data-history=<state>` on the one of the history |
 * | `data-pairing=<id>` | the banner of a device that asks to be let in, and its dialog |
 * | `data-digits` | the new device's eight digits; `data-qr=<text>` on each QR code |
 * | `data-approval=<state>` | the new device's page while it waits |
 * | `data-device=<id>` | a row of the devices, with `data-device-kind` |
 * | `data-safety=<person>` | the safety number; `data-verified` and `data-changed` beside it |
 * | `data-reset=<state>` | the page of a reset that waits |
 * | `data-report=<id>` | a report in the inbox; `data-verdict` on each of its messages |
 * | `data-scan` | a scanner; the field for pasting stands in it |
 * | `data-banner=<name>` | `sign-in` `offline` `pairing` `temporary` `history` |
 * | `data-error=<code>` | a refusal's sentence |
 */
import { getContext, setContext } from "svelte";
import type { App } from "../core/api";
import { People } from "./people.svelte";

const appKey = Symbol("app");
const peopleKey = Symbol("people");

export function provideApp(app: App): void {
  setContext(appKey, app);
  setContext(peopleKey, new People(app));
}

/** The application that the page was mounted with. Only during a component's initialisation. */
export function useApp(): App {
  return getContext<App>(appKey);
}

/** The people by id, shared by the whole page. Only during a component's initialisation. */
export function usePeople(): People {
  return getContext<People>(peopleKey);
}
