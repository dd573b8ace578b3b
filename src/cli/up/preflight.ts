import { mkdirSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { checkCgroupVersion } from '#host/check-cgroup-version.ts'
import type { Config } from '#host/config.ts'
import { findDaemon } from '#host/daemon.ts'
import { isJoined } from '#host/join-settings.ts'
import { type Layout, paths } from '#host/layout.ts'
import { WherryError } from '#lib/errors.ts'

/** Images, containers and the store need room; below this a first cluster would fail half-way. */
const leastFreeBytes = 1 << 30

/** Finds out before anything is changed whether a cluster can run here; the error says what to do. */
export async function preflight(layout: Layout, config: Config): Promise<void> {
  if (process.platform !== 'linux')
    throw new WherryError(
      'ServiceUnavailable',
      `containers need Linux, and this is ${process.platform}; use a Linux machine or a virtual one`,
    )
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    throw new WherryError('ServiceUnavailable', `there are images for x64 and arm64 only, and this machine is ${process.arch}`)
  const free = freeBytes(layout.dataDirectory)
  if (free < leastFreeBytes)
    throw new WherryError(
      'ServiceUnavailable',
      `${layout.dataDirectory} has ${Math.floor(free / 2 ** 20)} MiB free, and ${leastFreeBytes >> 20} MiB are needed; make room, or choose another disk with WHERRY_DATA=DIRECTORY`,
    )
  const { serverPid, agentPid, config: file } = paths(layout)
  checkCgroupVersion(config, file)
  if (!isJoined(config) && !findDaemon(serverPid)) await checkPort(config.apiPort, '--api-port')
  if (!findDaemon(agentPid)) await checkPort(config.kubeletPort, '--kubelet-port')
}

function freeBytes(directory: string): number {
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

function checkPort(port: number, option: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new WherryError(
          'ServiceUnavailable',
          cause.code === 'EADDRINUSE'
            ? `port ${port} is taken by another program; end that one, or choose another port with ${option}`
            : `port ${port} cannot be used: ${cause.message}`,
          { cause },
        ),
      ),
    )
    probe.listen(port, () => probe.close(() => resolve()))
  })
}
