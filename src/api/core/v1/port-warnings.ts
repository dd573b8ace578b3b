import type { ContainerPort, PodSpec } from '#api/core/v1/types.ts'
import { quote } from '#schema/go-text.ts'

interface Named {
  readonly path: string
  readonly port: ContainerPort
}

/** Ports of a pod's containers that are the same, or nearly. */
export function portWarnings(spec: PodSpec, at: string): string[] {
  const all: Named[] = (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap(({ ports = [] }, i) => ports.map((port, j) => ({ port, path: `${at}.${list}[${i}].ports[${j}]` }))),
  )
  if (all.length === 0) return []
  return [...numberWarnings(all), ...nameWarnings(all)]
}

function numberWarnings(all: readonly Named[]): string[] {
  const warnings: string[] = []
  const seen = new Map<string, Named[]>()
  let comparisonsLeft = comparisonsMax
  for (const named of all) {
    const { port, path } = named
    const { name = '', hostIP = '', hostPort = 0, containerPort, protocol } = port
    if (hostIP !== '' && hostPort === 0)
      warnings.push(
        `${path}: hostIP set without hostPort: {Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`,
      )
    const key = `${containerPort}/${protocol}`
    const others = seen.get(key) ?? []
    for (const other of others.slice(0, comparisonsLeft)) {
      comparisonsLeft -= 1
      const { hostIP: otherIP = '', hostPort: otherPort = 0 } = other.port
      if (hostIP === otherIP && hostPort === otherPort) warnings.push(`${path}: duplicate port definition with ${other.path}`)
      else if (hostPort === 0 || otherPort === 0) warnings.push(`${path}: overlapping port definition with ${other.path}`)
      else if (hostPort === otherPort && (hostIP === '') !== (otherIP === ''))
        warnings.push(`${path}: dangerously ambiguous port definition with ${other.path}`)
    }
    if (others.push(named) === 1) seen.set(key, others)
  }
  return warnings
}

/** All pairs of 140 ports of one number. There is room for fewer warnings than that in an answer, and thousands of ports have millions of pairs. */
const comparisonsMax = 10_000

function nameWarnings(all: readonly Named[]): string[] {
  const first = new Map<string, string>()
  return all.flatMap(({ port: { name }, path }) => {
    if (!name) return []
    const other = first.get(name)
    if (other === undefined) first.set(name, path)
    return other === undefined
      ? []
      : [`${path}: duplicate port name ${quote(name)} with ${other}, services and probes that select ports by name will use ${other}`]
  })
}
