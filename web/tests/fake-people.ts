import type { PersonCard } from "../src/core/api";

const ministries = {
  finance: { latin: "Ministry of Finance", local: "وزارتِ خزانہ" },
  roads: { latin: "Ministry of Roads", local: "وزارت راه" },
};

function person(
  number: number,
  latin: string,
  local: string,
  post: [string, string],
  unit: [string, string],
  ministry: keyof typeof ministries,
  flags: Partial<Pick<PersonCard, "activated" | "active">> = {},
): PersonCard {
  return {
    id: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    name: { latin, local },
    post: { latin: post[0], local: post[1] },
    unit: { latin: unit[0], local: unit[1] },
    ministry: ministries[ministry],
    activated: true,
    active: true,
    ...flags,
  };
}

const budget: [string, string] = ["Budget Wing", "بجٹ ونگ"];
const bridges: [string, string] = ["Bridges Bureau", "دفتر پل‌ها"];

export const people: PersonCard[] = [
  person(1, "Ayesha Siddiqui", "عائشہ صدیقی", ["Joint Secretary", "جوائنٹ سیکرٹری"], budget, "finance"),
  person(2, "Bilal Ahmed Khan", "بلال احمد خان", ["Section Officer", "سیکشن آفیسر"], budget, "finance"),
  person(3, "Zahra Hosseini", "زهرا حسینی", ["Bridge Engineer", "مهندس پل"], bridges, "roads"),
  person(
    4,
    "Fatima Noor",
    "فاطمہ نور",
    ["Deputy Secretary", "ڈپٹی سیکرٹری"],
    ["Debt Office", "دفترِ قرضہ"],
    "finance",
  ),
  person(5, "Reza Karimi", "رضا کریمی", ["Head of Maintenance", "رئیس نگهداری"], bridges, "roads"),
  person(
    6,
    "Muhammad Usman Ghani",
    "محمد عثمان غنی",
    ["Accounts Officer", "اکاؤنٹس آفیسر"],
    budget,
    "finance",
    {
      activated: false,
    },
  ),
  person(7, "Nadia Rahman", "نادیہ رحمٰن", ["Research Officer", "ریسرچ آفیسر"], budget, "finance", {
    active: false,
  }),
  person(
    8,
    "Mina Ahmadi",
    "مینا احمدی",
    ["Legal Adviser", "مشاور حقوقی"],
    ["Legal Office", "دفتر حقوقی"],
    "roads",
  ),
];

/** So many people with made-up names, for large groups. */
export function manyPeople(count: number): PersonCard[] {
  const first = [
    "Amina",
    "Bashir",
    "Daniyal",
    "Farah",
    "Hamid",
    "Laleh",
    "Nasrin",
    "Omid",
    "Parveen",
    "Tariq",
  ];
  const last = ["Qureshi", "Malik", "Rezaei", "Chaudhry", "Ansari", "Moradi", "Shah"];
  return Array.from({ length: count }, (_, at) =>
    person(
      1000 + at,
      `${first[at % first.length] ?? ""} ${last[at % last.length] ?? ""} ${at + 1}`,
      "",
      ["Assistant", "اسسٹنٹ"],
      at % 2 === 0 ? budget : bridges,
      at % 2 === 0 ? "finance" : "roads",
    ),
  );
}
