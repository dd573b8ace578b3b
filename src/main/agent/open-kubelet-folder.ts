import { mkdirSync } from 'node:fs'
import { ensureKubeletLink } from '#host/kubelet-link.ts'
import type { Paths } from '#host/layout.ts'
import { ensureSharedMount } from '#host/shared-mount.ts'
import type { Log } from '#lib/log.ts'

/** The kubelet's folder as drivers in pods need it: mounts in it pass from them to others, and the usual place leads to it. That place, if it does. */
export async function openKubeletFolder({ kubelet }: Pick<Paths, 'kubelet'>, log: Log): Promise<string | undefined> {
  mkdirSync(kubelet, { recursive: true, mode: 0o750 })
  try {
    if ((await ensureSharedMount(kubelet)) === 'in use')
      log.warn('volumes that drivers in pods mount will not be seen by other pods until this node starts without pods', { folder: kubelet })
  } catch (error) {
    log.warn('volumes that drivers in pods mount will not be seen by other pods', { folder: kubelet, error })
  }
  return ensureKubeletLink(kubelet)
}
