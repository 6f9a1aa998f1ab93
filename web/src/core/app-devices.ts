import { nextStatement } from "../crypto/statements";
import type { DeviceInfo, Diagnostics, Id } from "./api";
import { AppBase, guarded } from "./app-base";
import { describe } from "./diagnostics";
import { deviceSigner } from "./identities";
import { idBytes } from "./ids";

/** The part of the views' door that is about devices of one's own, identities and what is told about faults. */
export abstract class DeviceApp extends AppBase {
  devices(): Promise<readonly DeviceInfo[]> {
    return this.use(async (open) => {
      const { devices } = await open.context.api.devices();
      return devices.map((device) => ({
        id: device.id,
        name: device.name,
        kind: device.kind === 1 ? ("regular" as const) : ("temporary" as const),
        expiresAt: null,
        current: device.current,
        addedAt: device.added_at,
        lastSeenAt: device.last_seen_at,
        revokedAt: device.revoked_at,
      }));
    });
  }

  revokeDevice(id: Id): Promise<void> {
    return this.use(async (open) => {
      const { self, api, env } = open.context;
      const statement = await nextStatement({
        chain: await open.identities.refresh(self.person),
        revoke: [idBytes(id)],
        at: env.now(),
        signer: deviceSigner(env.engine, self.keys),
      });
      await api.revokeDevice(statement);
    });
  }

  diagnostics(): Promise<Diagnostics> {
    return guarded(() => describe(this.shared, this.holder));
  }
}
