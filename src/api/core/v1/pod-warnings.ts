import type { PodSpec } from '#api/core/v1/types.ts'
import { parseQuantity } from '#lib/quantity.ts'
import { quote } from '#schema/go-text.ts'
import { checkDns1123Label } from '#schema/validate.ts'

/** What is accepted, and yet is hardly what was meant: shown beside the answer. `path` is where the pod or template stands: '' for a pod. */
export function podSpecWarnings(spec: PodSpec, path = ''): string[] {
  const at = path === '' ? 'spec' : `${path}.spec`
  return [
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ labelSelector }, i) =>
      labelSelector === undefined
        ? [`${at}.topologySpreadConstraints[${i}].labelSelector: a null labelSelector results in matching no pod`]
        : [],
    ),
    ...(spec.volumes ?? []).flatMap((volume, i) =>
      Object.entries(pastVolumes).flatMap(([name, text]) =>
        volume[name as keyof typeof volume] === undefined ? [] : [`${at}.volumes[${i}].${name}: ${text}`],
      ),
    ),
    ...(spec.volumes ?? []).flatMap(({ name, projected }) =>
      projected !== undefined && (projected.sources ?? []).length === 0
        ? [`volume ${quote(name)} (Projected) has no sources provided`]
        : [],
    ),
    ...repeated((spec.hostAliases ?? []).map(({ ip }) => ip)).map(([i, ip]) => `${at}.hostAliases[${i}].ip: duplicate ip ${quote(ip)}`),
    ...secretWarnings(spec, `${at}.imagePullSecrets`),
    ...containerWarnings(spec, at),
    ...(spec.terminationGracePeriodSeconds < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
  ]
}

/** Names that end up in host names should be labels; the reference recommends it. */
export function nameWarnings(name: string, usedIn: 'pod' | 'pods'): string[] {
  const problems = checkDns1123Label(name)
  if (problems.length === 0) return []
  const where = usedIn === 'pod' ? "the Pod's hostname" : 'Pod names and hostnames'
  return [
    `metadata.name: this is used in ${where}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`,
  ]
}

const pastVolumes = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
}

function secretWarnings({ imagePullSecrets = [] }: PodSpec, path: string): string[] {
  const names = imagePullSecrets.map(({ name }) => name || '')
  return [
    ...repeated(names).map(([i, name]) => `${path}[${i}].name: duplicate name ${quote(name)}`),
    ...names.flatMap((name, i) => (name === '' ? [`${path}[${i}].name: invalid empty name ""`] : [])),
  ]
}

function containerWarnings(spec: PodSpec, at: string): string[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap(({ env = [], resources }, i) => [
      ...(['limits', 'requests'] as const).flatMap((part) =>
        ['memory', 'ephemeral-storage'].flatMap((name) => {
          const text = resources?.[part]?.[name]
          if (text === undefined || parseQuantity(text).nano % 1_000_000_000n === 0n) return []
          return [`${at}.${list}[${i}].resources.${part}[${name}]: fractional byte value ${quote(text)} is invalid, must be an integer`]
        }),
      ),
      ...repeated(env.map(({ name }) => name)).flatMap(([j, name]) => {
        const { value = '', valueFrom } = env[j]!
        const reference = `$(${name})`
        // A later definition that builds on the former one is meant so.
        if (valueFrom === undefined && value !== reference && value.includes(reference)) return []
        return [`${at}.${list}[${i}].env[${j}]: hides previous definition of ${quote(name)}, which may be dropped when using apply`]
      }),
    ]),
  )
}

const repeated = (names: readonly string[]): [number, string][] =>
  names.flatMap((name, i): [number, string][] => (names.indexOf(name) < i ? [[i, name]] : []))
