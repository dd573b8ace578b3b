import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceFolder } from '#kubelet/devices/registration-server.ts'

export const deviceFolder: DeviceFolder = {
  async prepare(directory) {
    await mkdir(directory, { recursive: true, mode: 0o750 })
    for (const entry of await readdir(directory, { withFileTypes: true }))
      if (entry.isSocket()) await rm(join(directory, entry.name), { force: true })
  },
}
