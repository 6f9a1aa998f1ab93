import { type Content, decodeContent } from "../crypto/content";
import type { MessageRecord } from "../store";
import type { Id, ModerationItem, ModerationReport } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { idText } from "./ids";
import type { People } from "./people";
import { Value } from "./readable";
import type { Step } from "./step";

/** Note with what the server lets this person do, separated by spaces. */
export const DUTIES = "duties";

type ReportContent = Extract<Content, { t: "report" }>;

/** What a moderator has received, read from the table in any tab; `Reporting` checks it in the leader's. */
export class ReportList {
  readonly list = new Value<readonly ModerationReport[]>([]);
  #end: () => void = () => undefined;

  constructor(
    private readonly context: Context,
    private readonly people: People,
  ) {}

  async start(): Promise<void> {
    this.#end = this.context.bus.listen((notice) => {
      if (notice.t === "reports" || notice.t === "connection")
        this.context.background("reports", this.#show());
    });
    await this.#show();
  }

  stop(): void {
    this.#end();
  }

  async #show(): Promise<void> {
    const rows = (await this.context.store.all("reports")).map((row) => row.value);
    rows.sort((a, b) => b.at - a.at);
    const online = this.context.link.state.kind === "ready" || !this.context.leads;
    const shown: ModerationReport[] = [];
    for (const { id, reporter, at, note, items } of rows) {
      const listed: ModerationItem[] = [];
      for (const item of items) {
        const said = textOf(item.content);
        const waits = item.verdict === "checking" && !online;
        const sender = await this.people.known(item.sender);
        listed.push({ sender, at: said.at, text: said.text, verdict: waits ? "offline" : item.verdict });
      }
      shown.push({ id, reporter: await this.people.known(reporter), at, note, items: listed });
    }
    this.list.set(shown);
    // A moderator may never have heard of who is reported. Without a network the next connection tries again.
    const named = rows.flatMap(({ reporter, items }) => [reporter, ...items.map(({ sender }) => sender)]);
    this.context.background("reports", this.#introduce(named));
  }

  async #introduce(persons: readonly Id[]): Promise<void> {
    if (await this.people.meet(persons)) await this.#show();
  }
}

/** What is shown of a reported content: its text, whatever else it may be. */
function textOf(content: Uint8Array): { at: number; text: string } {
  try {
    const read = decodeContent(content);
    return { at: read.at ?? 0, text: "text" in read ? read.text : "" };
  } catch (error) {
    if (cryptoCode(error) === null) throw error;
    return { at: 0, text: "" };
  }
}

/**
 * A report that came along in the log of a direct conversation: a line there, and a row for the inbox of a moderator.
 * Whether it is true is checked later, against the server's log.
 */
export function takeReport(
  context: Context,
  step: Step,
  content: ReportContent,
  base: Omit<MessageRecord, "kind" | "text">,
): void {
  if (step.conversation.kind !== "direct" || base.sender === null) return;
  step.message({ ...base, kind: "report", text: content.note });
  if (base.mine) return;
  const items = content.items.map(({ conversation, seq, k, content: said, sender }) => ({
    conversation: idText(conversation),
    seq,
    k: k.slice(),
    content: said.slice(),
    sender: idText(sender),
    verdict: "checking" as const,
  }));
  const { id, sender, at } = base;
  step.batch.put("reports", id, { id, reporter: sender, at, note: content.note, items });
  step.afterwards.push(() => {
    context.bus.publish({ t: "reports" });
  });
}
