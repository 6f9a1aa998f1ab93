import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import * as v from "valibot";
import { ask } from "./http";

const counts = v.array(v.number());
const shape = v.object({
  times: counts,
  classes: v.record(v.string(), counts),
  refused: counts,
  all: counts,
});

const HEIGHT = 260;
/** Told apart without colour as well: solid and dashed lines alternate. */
const COLOURS = [
  "--avatar-0",
  "--danger",
  "--avatar-2",
  "--warn",
  "--avatar-1",
  "--avatar-3",
  "--avatar-4",
  "--avatar-5",
];

/** Draws the two plots over time; says so in words where that is not possible. */
export async function drawPlots(): Promise<void> {
  const classes = document.querySelector<HTMLElement>("#plot-classes");
  const refused = document.querySelector<HTMLElement>("#plot-refused");
  if (!classes || !refused) return;
  const days = classes.dataset["days"] ?? "7";
  try {
    const data = v.parse(shape, await ask(`/plots/data?days=${encodeURIComponent(days)}`));
    const names = Object.keys(data.classes);
    if (names.length === 0) {
      for (const place of [classes, refused]) place.textContent = "Nothing happened in this time.";
      return;
    }
    draw(
      classes,
      data.times,
      names.map((name) => ({ name, values: data.classes[name] ?? [] })),
    );
    draw(refused, data.times, [
      { name: "Refused", values: data.refused, colour: "--danger" },
      { name: "All", values: data.all, colour: "--avatar-0" },
    ]);
  } catch {
    for (const place of [classes, refused])
      place.textContent = "The numbers could not be fetched. Load the page again.";
  }
}

interface Series {
  name: string;
  values: readonly number[];
  colour?: string;
}

function draw(place: HTMLElement, times: readonly number[], series: readonly Series[]): void {
  const style = getComputedStyle(place);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const text = style.color;
  const grid = { stroke: style.borderColor, width: 1 };
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      axes: [
        { stroke: text, grid, ticks: grid },
        { stroke: text, grid, ticks: grid },
      ],
      series: [
        { label: "Hour (UTC)" },
        ...series.map((one, index) => ({
          label: one.name,
          stroke: colour(one.colour ?? COLOURS[index % COLOURS.length] ?? "--text"),
          width: 2,
          ...(index % 2 ? { dash: [6, 4] } : {}),
        })),
      ],
    },
    [[...times], ...series.map((one) => [...one.values])],
    place,
  );
  new ResizeObserver(() => {
    plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
}
