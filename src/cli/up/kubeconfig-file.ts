import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { type KubeconfigEntry, mergeKubeconfig, removeFromKubeconfig } from '#host/pki/kubeconfig.ts'

/** Under which name the cluster stands in the user's own kubeconfig. */
export const contextName = 'wherry'

/** The file that kubectl reads when nothing else is said; undefined without a home. */
export const userKubeconfig = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  env['HOME'] ? join(env['HOME'], '.kube', 'config') : undefined

/** Adds our context. What else the file holds stays as it is; a file that is no kubeconfig is left alone, with an error. */
export function addToFile(file: string, entry: KubeconfigEntry): void {
  const existing = existsSync(file) ? readFileSync(file, 'utf8') : ''
  replace(file, mergeKubeconfig(existing, entry))
}

/** Takes our context out again. */
export function removeFromFile(file: string): void {
  if (!existsSync(file)) return
  const existing = readFileSync(file, 'utf8')
  const without = removeFromKubeconfig(existing, contextName)
  if (without === existing) return
  // A file that holds nothing else was made by us.
  if (isEmpty(without)) {
    rmSync(file)
    if (readdirSync(dirname(file)).length === 0) rmdirSync(dirname(file))
  } else replace(file, without)
}

function isEmpty(text: string): boolean {
  const { apiVersion: _version, kind: _kind, ...rest } = parse(text) as Record<string, unknown>
  return Object.values(rest).every((value) => value === '' || (Array.isArray(value) && value.length === 0))
}

/** Whole or not at all, for its owner only; the owner stays who it was. */
function replace(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const { uid, gid } = statSync(existsSync(file) ? file : dirname(file))
  writeFileSync(`${file}.wherry`, text, { mode: 0o600 })
  chownSync(`${file}.wherry`, uid, gid)
  renameSync(`${file}.wherry`, file)
}
