import type { Id, MessageItem, Notice, PersonCard, SendState } from "../src/core/api";

const minute = 60_000;

type Line = [mine: boolean, text: string, minutesAgo: number, state?: SendState];

const urdu: Line[] = [
  [false, "السلام علیکم! کیا آپ نے بجٹ کا مسودہ دیکھ لیا؟", 1500],
  [true, "وعلیکم السلام، جی ہاں۔ صفحہ ۱۲ پر **دو غلطیاں** ہیں، باقی ٹھیک ہے۔", 1496, "read"],
  [false, "Thanks. Could you list them here? The secretary wants the final text before noon.", 1490],
  [
    true,
    "1. Table 3 repeats last year's total\n2. The note under _Debt service_ is missing\n\nThe corrected sheet is at https://finance.example/sheets/2026-11.",
    1482,
    "read",
  ],
  [false, "شکریہ، میں ابھی درست کرتا ہوں۔", 1480],
  [false, "Corrected. ضمنی جدول بھی بدل دیا ہے تاکہ کل رقم مل جائے، اور سیکرٹری صاحب کو بھیج دیا ہے۔", 44],
  [true, "بہت خوب۔ Meeting at 11:30 in room 204?", 41, "read"],
  [false, "جی، 11:30 بجے۔ فائل نمبر `F-7(3)/2026` ساتھ لائیے گا۔", 40],
  [true, "Will do.", 3, "delivered"],
];

const persian: Line[] = [
  [false, "سلام، گزارش بازرسی پل شمارهٔ ۱۴ آماده است.", 190],
  [true, "Good. Is the load test in it?", 186, "read"],
  [false, "بله، در بخش سوم آمده است. دو درز تازه هم دیده‌ایم:\n- پایهٔ شمالی\n- عرشهٔ میانی", 180],
  [false, "لطفاً تا فردا نظرتان را بنویسید.", 25],
];

function item(me: Id, partner: Id, line: Line, seq: number, now: number): MessageItem {
  const [mine, text, minutesAgo, state] = line;
  return {
    id: `${partner.slice(0, 24)}${String(seq).padStart(12, "0")}`,
    seq,
    kind: "text",
    mine,
    sender: mine ? me : partner,
    copied: false,
    at: now - minutesAgo * minute,
    text,
    state: mine ? (state ?? "read") : null,
    error: null,
    notice: null,
  };
}

function notice(
  kind: "begun" | "new-device" | "log-mismatch" | "history-elsewhere",
  partner: Id,
  at: number,
): MessageItem {
  return {
    ...item(partner, partner, [false, "", 0], 0, at),
    id: `notice-${kind}-${partner}`,
    kind: "notice",
    sender: null,
    notice: kind === "new-device" ? { kind, person: partner, mine: false } : { kind },
  };
}

/** The messages of the conversation at place `index` of the list; `count` > 0 makes that many instead. */
export function thread(me: Id, partner: Id, index: number, now: number, count = 0): MessageItem[] {
  if (count > 0) {
    return Array.from({ length: count }, (_, at) => {
      const text = `Message ${at + 1}. ${"A sentence of some length. ".repeat(at % 5)}`.trim();
      return item(me, partner, [at % 3 === 0, text, (count - at) * 7], at + 1, now);
    });
  }
  const start = now - 1600 * minute;
  if (index === 0) {
    const items = urdu.map((line, at) => item(me, partner, line, at + 1, now));
    const waiting: MessageItem = { ...item(me, partner, [false, "", 30], 20, now), kind: "waiting" };
    const failed: MessageItem = {
      ...item(me, partner, [true, "The annex follows.", 2, "failed"], 21, now),
      seq: null,
      error: "no_key_package",
    };
    const queued: MessageItem = {
      ...item(me, partner, [true, "And the minutes.", 1, "queued"], 22, now),
      seq: null,
    };
    const before = items.slice(0, -1);
    return [notice("begun", partner, start), ...before, waiting, ...items.slice(-1), failed, queued];
  }
  if (index === 1) {
    return [
      notice("history-elsewhere", partner, start),
      ...persian.map((line, at) => item(me, partner, line, at + 1, now)),
      notice("new-device", partner, now - 22 * minute),
      item(me, partner, [false, "I have a new laptop; the old one is back with IT.", 20], 6, now),
    ];
  }
  const texts = [
    "The tender closes on Thursday.",
    "صبح بخیر، جلسه ساعت نُه است.",
    "دستاویز پر دستخط ہو گئے ہیں۔",
    "Please send the note in English and in Urdu.",
  ];
  const text = texts[index % texts.length] ?? "";
  return [
    notice("begun", partner, now - index * 1700 * minute),
    item(me, partner, [index % 2 === 0, text, index * 1600], 1, now),
  ];
}

function noticeItem(notice: Notice, seq: number, at: number): MessageItem {
  return {
    id: `notice-${notice.kind}-${seq}`,
    seq,
    kind: "notice",
    mine: false,
    sender: null,
    copied: false,
    at,
    text: "",
    state: null,
    error: null,
    notice,
  };
}

/** What stands in the group at place `index`: the first shows every kind of notice. */
export function groupThread(
  me: Id,
  persons: readonly PersonCard[],
  index: number,
  now: number,
): MessageItem[] {
  const [, two, three, four] = persons.map(({ id }) => id);
  if (two === undefined || three === undefined) return [];
  const spoken: [Id, string, number][] = [
    [two, "I have put the first draft into the folder.", 95],
    [two, "Comments by Thursday, please.", 94],
    [three, "در جدول سوم رقم راه‌ها با گزارش ما نمی‌خواند.", 60],
    [four ?? two, "میں قرضہ جات والا حصہ آج شام تک مکمل کر دوں گی۔", 42],
    [me, "Thank you all. I will merge the two tables.", 30],
    [three, "Good. **Table 3** then has one total only.", 12 + index * 300],
    [three, "Shall we meet at 15:00?", 11 + index * 300],
  ];
  const said = spoken.map(([sender, text, minutesAgo], at): MessageItem => ({
    ...item(me, sender, [sender === me, text, minutesAgo], 100 + at, now),
    id: `${String(index).padStart(8, "0")}-0000-4000-f000-${String(at).padStart(12, "0")}`,
    copied: at < 2 && index === 0,
  }));
  const start = now - 100 * minute - index * 300 * minute;
  if (index !== 0) {
    const end: Notice | null = index === 3 ? { kind: "you-removed", by: two } : null;
    return [
      noticeItem({ kind: "group-begun", by: two }, 1, start),
      noticeItem({ kind: "added", by: two, persons: [me] }, 2, start),
      ...said,
      ...(end ? [noticeItem(end, 120, now - 5 * minute)] : []),
    ];
  }
  const all = persons.map(({ id }) => id);
  const notices: Notice[] = [
    { kind: "group-begun", by: me },
    { kind: "added", by: me, persons: all.slice(1, 6) },
    { kind: "invited", by: two, persons: all.slice(5, 6) },
    { kind: "renamed", by: me, name: "Budget 2026 – drafting" },
    { kind: "picture", by: two },
    { kind: "admin", by: me, person: two, admin: true },
    { kind: "device-added", person: three },
    { kind: "device-removed", person: me },
    { kind: "left", person: four ?? two },
    { kind: "removed", by: null, persons: all.slice(3, 5) },
    { kind: "successor", by: me, reason: "policy" },
    { kind: "gap", from: start - 3000 * minute, to: start - 1000 * minute },
    { kind: "identity-reset", person: three, wasVerified: true },
    { kind: "reset-requested", person: two, earliest: now + 4000 * minute },
    { kind: "directory-changed", person: two, wasVerified: false },
  ];
  return [...notices.map((one, at) => noticeItem(one, at + 1, start)), ...said];
}
