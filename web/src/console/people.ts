import * as v from "valibot";
import { ask } from "./http";

const answer = v.object({
  people: v.array(v.object({ id: v.string(), name: v.string(), detail: v.string() })),
});
type Person = v.InferOutput<typeof answer>["people"][number];

const PAUSE = 250;

/**
 * Lets a name be chosen where an id is needed: a list below the field, by keyboard or pointer. The id goes into the hidden
 * field beside it, and leaves it with the first letter that is changed.
 */
export function offerPeople(field: HTMLInputElement): void {
  const hidden = field.parentElement?.querySelector<HTMLInputElement>("input[type=hidden]");
  if (!hidden) return;
  const list = document.createElement("ul");
  list.id = `${field.id}-list`;
  list.className = "offers";
  list.setAttribute("role", "listbox");
  list.hidden = true;
  field.after(list);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-controls": list.id,
    "aria-expanded": "false",
  }))
    field.setAttribute(name, value);

  let timer = 0;
  let active = -1;

  const close = (): void => {
    list.hidden = true;
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const choose = (person: Person): void => {
    field.value = person.name;
    hidden.value = person.id;
    close();
  };
  const mark = (index: number): void => {
    const options = [...list.children];
    active = options.length ? (index + options.length) % options.length : -1;
    options.forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === active));
    });
    const chosen = options[active];
    if (chosen) field.setAttribute("aria-activedescendant", chosen.id);
  };
  const show = (people: readonly Person[]): void => {
    list.replaceChildren(
      ...people.map((person, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${String(index)}`;
        option.setAttribute("role", "option");
        const name = document.createElement("bdi");
        name.textContent = person.name;
        const detail = document.createElement("span");
        detail.className = "quiet block";
        detail.textContent = person.detail;
        option.append(name, detail);
        // Before the field loses its focus, which closes the list.
        option.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          choose(person);
        });
        return option;
      }),
    );
    list.hidden = people.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
    offered = people;
    mark(0);
  };
  let offered: readonly Person[] = [];

  field.addEventListener("input", () => {
    hidden.value = "";
    clearTimeout(timer);
    const asked = field.value;
    timer = setTimeout(() => {
      if (asked.trim().length < 2) {
        close();
        return;
      }
      void ask(`/people?${new URLSearchParams({ q: asked }).toString()}`)
        .then((found) => {
          if (field.value === asked) show(v.parse(answer, found).people);
        })
        .catch(close);
    }, PAUSE) as unknown as number;
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      const person = offered[active];
      if (person) {
        event.preventDefault();
        choose(person);
      }
    } else if (event.key === "Escape") close();
  });
  field.addEventListener("blur", close);
}
