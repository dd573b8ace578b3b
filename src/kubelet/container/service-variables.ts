import type { Service } from '#api/core/v1/service.ts'

/**
 * The variables by which a container finds services (Kubernetes documentation, "Discovering services"): `<NAME>_SERVICE_HOST`,
 * `<NAME>_SERVICE_PORT[_<PORT>]` and the older link form. `kubernetes` of the namespace default is always among them.
 */
export function serviceVariables(services: readonly Service[], namespace: string, withLinks: boolean): ReadonlyMap<string, string> {
  const found = new Map<string, Service>()
  for (const service of services) {
    const { name, namespace: own } = service.metadata
    if (!hasAddress(service)) continue
    if (own === 'default' && name === 'kubernetes') {
      if (!found.has(name)) found.set(name, service)
    } else if (own === namespace && withLinks) found.set(name, service)
  }
  return new Map([...found.values()].flatMap(variablesOf))
}

const hasAddress = ({ spec }: Service): boolean => spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None'

function variablesOf({ metadata, spec }: Service): [string, string][] {
  const name = upper(metadata.name)
  const address = spec.clusterIP ?? ''
  const ports = spec.ports ?? []
  const [first] = ports
  if (first === undefined) return []
  const host = address.includes(':') ? `[${address}]` : address
  return [
    [`${name}_SERVICE_HOST`, address],
    [`${name}_SERVICE_PORT`, String(first.port)],
    ...ports.filter((port) => port.name).map((port): [string, string] => [`${name}_SERVICE_PORT_${upper(port.name!)}`, String(port.port)]),
    ...ports.flatMap((port, index): [string, string][] => {
      const protocol = (port.protocol ?? 'TCP').toLowerCase()
      const url = `${protocol}://${host}:${port.port}`
      const prefix = `${name}_PORT_${port.port}_${protocol.toUpperCase()}`
      return [
        ...(index === 0 ? [[`${name}_PORT`, url] as [string, string]] : []),
        [prefix, url],
        [`${prefix}_PROTO`, protocol],
        [`${prefix}_PORT`, String(port.port)],
        [`${prefix}_ADDR`, address],
      ]
    }),
  ]
}

const upper = (name: string): string => name.replaceAll('-', '_').toUpperCase()
