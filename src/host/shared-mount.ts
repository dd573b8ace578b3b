import * as fs from 'node:fs/promises'
import { mountMs, mountPoint, mountsBelow } from './mount-table.ts'
import { run } from './run.ts'

/**
 * Lets mounts below a folder reach the containers that want them, and theirs reach it (`mountPropagation`): drivers in pods mount volumes for
 * other pods so. Where systemd runs, all mounts are shared; elsewhere the folder becomes a shared mount of its own. `in use`: not, since
 * something is mounted below it already, and would stay mounted underneath for ever.
 */
export async function ensureSharedMount(folder: string): Promise<'shared' | 'made shared' | 'in use'> {
  const place = await fs.realpath(folder)
  if (isShared(await fs.readFile('/proc/self/mountinfo', 'utf8'), place)) return 'shared'
  const below = await mountsBelow(place)
  if (below.some((point) => point !== place)) return 'in use'
  if (below.length === 0) await run('mount', ['-n', '--bind', place, place], { timeoutMs: mountMs })
  await run('mount', ['-n', '--make-shared', place], { timeoutMs: mountMs })
  return 'made shared'
}

/** Whether the mount that holds a path has peers. `table` is /proc/self/mountinfo (proc_pid_mountinfo(5)), where later lines lie on top. */
export function isShared(table: string, path: string): boolean {
  let holder = { point: '', isShared: false }
  for (const line of table.split('\n')) {
    const [, , , , escaped, , ...more] = line.split(' ')
    if (escaped === undefined) continue
    const point = mountPoint(escaped)
    const holds = point === '/' || path === point || path.startsWith(`${point}/`)
    if (!holds || point.length < holder.point.length) continue
    holder = { point, isShared: more.slice(0, more.indexOf('-')).some((field) => field.startsWith('shared:')) }
  }
  return holder.isShared
}
