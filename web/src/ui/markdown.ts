/**
 * The small Markdown of messages, as a tree that views turn into nodes; no HTML is ever made or read.
 *
 * Blocks: paragraphs (blank line between; line breaks are kept), fenced code, lists with `-`, `*`, `•` or `1.`.
 * Inline: `**strong**`, `*emphasis*`, `_emphasis_`, `` `code` ``, addresses that begin with http(s)://, and
 * `[words](https://…)`, which a view must show with its host so that words cannot hide where a link leads.
 * Whatever does not match is text: nothing a person types is lost or refused.
 */

export type Inline =
  | { type: "text"; text: string }
  | { type: "code"; text: string }
  | { type: "strong"; children: Inline[] }
  | { type: "emphasis"; children: Inline[] }
  /** `bare`: the words are the address itself. `host` is in its ASCII (punycode) form, which shows look-alikes. */
  | { type: "link"; href: string; host: string; text: string; bare: boolean };

export type Block =
  | { type: "paragraph"; children: Inline[]; text: string }
  | { type: "code"; text: string }
  | { type: "list"; ordered: boolean; start: number; items: { children: Inline[]; text: string }[] };

const bullet = /^\s{0,3}[-*•]\s+(\S.*)$/u;
const numbered = /^\s{0,3}(\d{1,6})[.)]\s+(\S.*)$/u;
const fence = /^\s{0,3}```/u;

/** Deeper nesting than this is text: a message cannot make the parser or the page recurse without end. */
const maxDepth = 4;

export function parseMarkdown(source: string): Block[] {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) {
      const text = paragraph.join("\n");
      blocks.push({ type: "paragraph", children: parseInline(text), text });
      paragraph = [];
    }
  };

  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (fence.test(line)) {
      const end = lines.findIndex((later, index) => index > at && fence.test(later));
      if (end > at) {
        flush();
        blocks.push({ type: "code", text: lines.slice(at + 1, end).join("\n") });
        at = end;
        continue;
      }
    }
    const item = listItem(line);
    if (item) {
      flush();
      const previous = blocks.at(-1);
      const joins = at > 0 && listItem(lines[at - 1] ?? "") !== null;
      if (joins && previous?.type === "list" && previous.ordered === item.ordered) {
        previous.items.push({ children: parseInline(item.text), text: item.text });
      } else {
        const items = [{ children: parseInline(item.text), text: item.text }];
        blocks.push({ type: "list", ordered: item.ordered, start: item.start, items });
      }
    } else if (line.trim() === "") {
      flush();
    } else {
      paragraph.push(line);
    }
  }
  flush();
  return blocks;
}

function listItem(line: string): { ordered: boolean; start: number; text: string } | null {
  const dash = bullet.exec(line)?.[1];
  if (dash !== undefined) return { ordered: false, start: 1, text: dash };
  const match = numbered.exec(line);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { ordered: true, start: Number(match[1]), text: match[2] };
}

/** Inline parts of one block. */
export function parseInline(source: string, depth = 0): Inline[] {
  const parts: Inline[] = [];
  /** Marks that nothing closes further on: looking again for each opening would be quadratic. */
  const unclosed = new Set<string>();
  let text = "";
  let at = 0;
  const push = (part: Inline, next: number): void => {
    if (text !== "") parts.push({ type: "text", text });
    text = "";
    parts.push(part);
    at = next;
  };

  while (at < source.length) {
    const found = depth < maxDepth ? inlineAt(source, at, depth, unclosed) : null;
    if (found) {
      push(found.part, found.next);
    } else {
      text += source[at] ?? "";
      at += 1;
    }
  }
  if (text !== "") parts.push({ type: "text", text });
  return parts;
}

interface Found {
  part: Inline;
  next: number;
}

function inlineAt(source: string, at: number, depth: number, unclosed: Set<string>): Found | null {
  switch (source[at]) {
    case "`":
      return codeAt(source, at, unclosed);
    case "*":
      return (
        (source[at + 1] === "*" ? emphasisAt(source, at, "**", depth, unclosed) : null) ??
        emphasisAt(source, at, "*", depth, unclosed)
      );
    case "_":
      return emphasisAt(source, at, "_", depth, unclosed);
    case "[":
      return namedLinkAt(source, at);
    case "h":
    case "H":
      return bareLinkAt(source, at);
    default:
      return null;
  }
}

function codeAt(source: string, at: number, unclosed: Set<string>): Found | null {
  if (unclosed.has("`")) return null;
  const end = source.indexOf("`", at + 1);
  if (end < 0) unclosed.add("`");
  if (end <= at + 1) return null;
  return { part: { type: "code", text: source.slice(at + 1, end) }, next: end + 1 };
}

const letterOrDigit = /[\p{L}\p{N}]/u;
const space = /\s/u;

/** True when `mark` at `at` may open or close: `_` not inside a word (snake_case is a name), no blank inside. */
function emphasisAt(
  source: string,
  at: number,
  mark: "*" | "**" | "_",
  depth: number,
  unclosed: Set<string>,
): Found | null {
  if (unclosed.has(mark)) return null;
  const open = at + mark.length;
  const first = source[open] ?? " ";
  if (space.test(first) || first === mark[0]) return null;
  if (mark === "_" && letterOrDigit.test(source[at - 1] ?? " ")) return null;
  for (let end = source.indexOf(mark, open + 1); end >= 0; end = source.indexOf(mark, end + mark.length)) {
    const after = source[end + mark.length] ?? " ";
    // Of three stars the first closes what stands inside.
    if (mark === "**" && after === "*") end += 1;
    if (space.test(source[end - 1] ?? " ")) continue;
    if (mark === "_" && letterOrDigit.test(after)) continue;
    // A lone star that touches another star belongs to a `**`.
    if (mark === "*" && (after === "*" || source[end - 1] === "*")) continue;
    const type = mark === "**" ? "strong" : "emphasis";
    const children = parseInline(source.slice(open, end), depth + 1);
    return { part: { type, children } as Inline, next: end + mark.length };
  }
  unclosed.add(mark);
  return null;
}

/** At most this much of a text is looked at for one address. */
const maxAddress = 2048;
const addressEnd = /[\s<>"`\u0600-\u0603\u200b\u2028\u2029]/u;

function bareLinkAt(source: string, at: number): Found | null {
  if (letterOrDigit.test(source[at - 1] ?? " ")) return null;
  const window = source.slice(at, at + maxAddress);
  if (!/^https?:\/\//iu.test(window)) return null;
  const stop = window.search(addressEnd);
  let address = stop < 0 ? window : window.slice(0, stop);
  // Marks that end a sentence, in any of our scripts, are not part of the address; nor is an unopened bracket.
  for (;;) {
    const last = address.at(-1) ?? "";
    const unopened = last === ")" && !address.includes("(");
    if (!unopened && !/[.,;:!?'*_\]\u060c\u061b\u061f\u06d4]/u.test(last)) break;
    address = address.slice(0, -1);
  }
  const url = webAddress(address);
  if (!url) return null;
  const part: Inline = { type: "link", href: url.href, host: url.host, text: address, bare: true };
  return { part, next: at + address.length };
}

function namedLinkAt(source: string, at: number): Found | null {
  const window = source.slice(at, at + maxAddress);
  const match = /^\[([^[\]\n]{1,200})\]\((https?:\/\/[^\s()<>"]+)\)/iu.exec(window);
  const url = match?.[2] === undefined ? null : webAddress(match[2]);
  if (!url || match?.[1] === undefined) return null;
  const part: Inline = { type: "link", href: url.href, host: url.host, text: match[1], bare: false };
  return { part, next: at + match[0].length };
}

/** The address, if it is an absolute http(s) one without a user name (`https://bank@evil` deceives). */
function webAddress(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const web = url.protocol === "https:" || url.protocol === "http:";
  return web && url.username === "" && url.password === "" ? url : null;
}

/** The text of a message on one line, without marks: for a preview. */
export function plainText(source: string, limit = 160): string {
  const words = (parts: readonly Inline[]): string =>
    parts.map((part) => ("children" in part ? words(part.children) : part.text)).join("");
  const pieces = parseMarkdown(source.slice(0, limit * 4)).map((block) => {
    if (block.type === "code") return block.text;
    return block.type === "paragraph"
      ? words(block.children)
      : block.items.map((item) => words(item.children)).join(" ");
  });
  const line = pieces.join(" ").replace(/\s+/gu, " ").trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}
