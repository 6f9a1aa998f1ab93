/** The directory as one device remembers it. */

import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/core/ids";
import { People } from "../../src/core/people";
import { TransportError } from "../../src/transport";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";

it("somebody whom the server does not tell of takes nobody else's name", async () => {
  const device = await TestDevice.create(new ServerDouble());
  onTestFinished(() => {
    device.kill();
  });
  const [omar, nobody, sana] = [newId(), newId(), newId()];
  const { api } = device.context;
  const person = api.person.bind(api);
  api.person = (id) => (id === nobody ? Promise.reject(new TransportError("not_found")) : person(id));
  const people = new People(device.context);
  expect(await people.meet([nobody, omar, nobody, sana])).toBe(true);
  for (const id of [omar, sana]) expect((await people.known(id)).name.latin).not.toBe("");
  expect((await people.known(nobody)).name.latin).toBe("");
  // Nothing new to show: whoever shows them again for it would ask without end.
  expect(await people.meet([nobody, omar])).toBe(false);
});
