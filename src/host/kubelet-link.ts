import { lstatSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { codeOf } from './files.ts'

/** Where drivers and agents of other vendors look for a node's folders, whatever their manifests could say instead. */
const usualPlace = '/var/lib/kubelet'

/**
 * Lets the usual place lead to this node's folder, unless something is there: then that is somebody else's, and undefined the answer, as for a
 * second node of a machine. Otherwise the place, by which programs in containers know the folder too.
 */
export function ensureKubeletLink(folder: string, place = usualPlace): string | undefined {
  const target = linkTarget(place)
  // A further node of the machine has its folder mounted there.
  if (target === folder || isSame(place, folder)) return place
  // What a cluster that was removed by hand left behind leads nowhere.
  if (target !== undefined && !isThere(place)) rmSync(place, { force: true })
  try {
    symlinkSync(folder, place)
    return place
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return linkTarget(place) === folder ? place : undefined
    // A machine whose file system cannot be written to there does without.
    if (['EROFS', 'EACCES', 'EPERM', 'ENOENT'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
}

/** Takes the link away where it leads to this folder. */
export function removeKubeletLink(folder: string, place = usualPlace): void {
  if (linkTarget(place) === folder) rmSync(place, { force: true })
}

function linkTarget(place: string): string | undefined {
  const stat = lstatSync(place, { throwIfNoEntry: false })
  return stat?.isSymbolicLink() ? readlinkSync(place) : undefined
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }))
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined
