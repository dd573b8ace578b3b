import { compareVersions } from '#lib/version-order.ts'
import type { Priority, Registrations } from './registrations.ts'

/** A group and its versions, the preferred one first. */
export interface GroupVersions {
  readonly group: string
  readonly versions: readonly string[]
}

/**
 * All groups with their versions in the order of discovery: by priority, then by name. The two forms differ. `plain` shows what has an
 * APIService, be it served or not, and its own group; groups stand by the names of their APIServices, `v1.apps`. `aggregated` shows what is
 * served, whatever became of its APIService; groups stand by their own names.
 */
export function inOrder(
  served: readonly GroupVersions[],
  registrations: Pick<Registrations, 'all' | 'registered' | 'isGone' | 'priorityOf'>,
  form: 'plain' | 'aggregated',
): readonly GroupVersions[] {
  const versions = new Map<string, Set<string>>()
  const add = (group: string, version: string) => versions.set(group, (versions.get(group) ?? new Set()).add(version))
  const isPlain = form === 'plain'
  for (const { group, versions: own } of served)
    for (const version of own) if (!isPlain || group === ownGroup || !registrations.isGone(group, version)) add(group, version)
  for (const { group, version } of isPlain ? registrations.registered : registrations.all) add(group, version)
  const entries = [...versions].map(([group, own]) => {
    const list = [...own].map((version) => ({ version, name: `${version}.${group}`, ...priority(registrations, group, version) }))
    const [first] = list.toSorted((a, b) => b.groupPriority - a.groupPriority || (a.name < b.name ? -1 : 1))
    return {
      group,
      priority: first!.groupPriority,
      name: isPlain ? first!.name : group,
      versions: list
        .toSorted((a, b) => b.versionPriority - a.versionPriority || compareVersions(b.version, a.version))
        .map(({ version }) => version),
    }
  })
  return entries.toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
}

function priority({ priorityOf }: Pick<Registrations, 'priorityOf'>, group: string, version: string) {
  const { group: groupPriority, version: versionPriority } = priorityOf(group, version) ?? (group === ownGroup ? first : ofDefinitions)
  return { groupPriority, versionPriority }
}

/** The group of APIServices itself has none, and stands before all others. */
const ownGroup = 'apiregistration.k8s.io'
const first: Priority = { group: 20_001, version: 0 }
/** What group versions of definitions have, which stand behind all built-in ones. */
export const ofDefinitions: Priority = { group: 1000, version: 100 }
