import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './files.ts'

/** Where log collectors look on every machine. Another kubelet's links may stand there too: names have the container's id. */
export const containerLogsDirectory = '/var/log/containers'

/** Takes away the links that lead into `podLogs`, and no others: every one, or the `dead` ones, whose containers went while nobody looked. */
export function removeContainerLogLinks(podLogs: string, which: 'all' | 'dead', folder = containerLogsDirectory): void {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  for (const name of names) {
    const path = join(folder, name)
    const target = targetOf(path)
    if (target?.startsWith(`${podLogs}/`) && (which === 'all' || !existsSync(target))) rmSync(path, { force: true })
  }
}

/** Undefined for what is no link, or is gone by now. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (codeOf(error) === 'EINVAL' || codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
