import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/**
 * Whether `crun` would run here what `containerd` gives it, both programs. It refuses machines whose controllers are split between cgroup v1 and the v2
 * hierarchy beside it, and its older versions refuse what newer ones of containerd ask for: see `crunTakes`.
 */
export function canRunCrun(containerd = 'containerd', crun = 'crun'): boolean {
  const beside = '/sys/fs/cgroup/unified/cgroup.controllers'
  if (existsSync(beside) && readFileSync(beside, 'utf8').trim() !== '') return false
  const versionOf = (program: string) => execFileSync(program, ['--version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS })
  try {
    return crunTakes(versionOf(crun), versionOf(containerd))
  } catch {
    // A crun that does not start, or does not say what it is, is no runtime to prefer: runc is there.
    return false
  }
}

/**
 * Both as the programs say with `--version`. Until 1.14.3 crun compared the version of the OCI specification by which a container is described
 * with those that it knew (its NEWS, 1.14.2 and 1.14.3), and refused later ones: "unknown version specified". containerd 1.6 writes 1.0.2, all
 * others write later ones.
 */
export const crunTakes = (crun: string, containerd: string): boolean => !isBefore(crun, [1, 14, 3]) || isBefore(containerd, [1, 7, 0])

/** Throws for a text without a version. */
function isBefore(text: string, wanted: readonly number[]): boolean {
  const said = /\bv?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  if (said === null) throw new Error(`no version in ${JSON.stringify(text)}`)
  const version = said.slice(1).map((part = '0') => Number(part))
  const differing = wanted.findIndex((part, i) => version[i] !== part)
  return differing >= 0 && version[differing]! < wanted[differing]!
}

const VERSION_TIMEOUT_MS = 10_000
