import { age, column, firstThree } from '#api/columns.ts'
import * as types from '#api/core/v1/types.ts'
import { validateEndpoints, validateEndpointsUpdate } from '#api/core/v1/validation/endpoints.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const Endpoints = kind(
  types.Endpoints,
  {
    group: '',
    version: 'v1',
    kind: 'Endpoints',
    plural: 'endpoints',
    storagePath: 'services/endpoints',
    singular: 'endpoints',
    shortNames: ['ep'],
    scope: 'Namespaced',
    deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    columns: [column<types.Endpoints>('Endpoints', formatEndpoints), age],
  },
  {
    createOnUpdate: true,
    validate: validateEndpoints,
    checksMetadata: 'whole',
    validateUpdate: validateEndpointsUpdate,
  },
)
export type Endpoints = Of<typeof Endpoints>

function formatEndpoints({ subsets = [] }: types.Endpoints): string {
  if (subsets.length === 0) return '<none>'
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  )
  return firstThree(all, '')
}

function hostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
