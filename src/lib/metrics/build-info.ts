import { type VersionFacts, versionOf } from '../version-info.ts'
import type { Registry } from './registry.ts'

/** Which build a process is of: who compares the versions of a cluster's parts asks each of them for this. */
export function registerBuildInfo(registry: Registry, facts: VersionFacts): void {
  const version = versionOf(facts) as Readonly<Record<string, string>>
  const camel = (label: string): string => label.replace(/_(.)/g, (_all, letter: string) => letter.toUpperCase())
  registry
    .gauge({ name: 'kubernetes_build_info', help: 'The build, in its labels; always 1.', stability: 'BETA', labels })
    .of(...labels.map((label) => version[camel(label)] ?? ''))
    .set(1)
}

const labels = ['build_date', 'compiler', 'git_commit', 'git_tree_state', 'git_version', 'go_version', 'major', 'minor', 'platform']
