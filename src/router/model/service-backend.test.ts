import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { backendOf, backendSource } from './service-backend.ts'

const service = { metadata: { namespace: 'ns', name: 'web' } } as unknown as Service
const port = { name: 'http', port: 80, protocol: 'TCP' } as const
type Conditions = { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean }

const check = (name: string, endpoints: readonly (readonly [address: string, conditions?: Conditions])[], wanted: readonly string[]) =>
  test(name, () => {
    const slice = {
      addressType: 'IPv4',
      ports: [
        { name: 'http', port: 8000, protocol: 'TCP' },
        { name: 'other', port: 9000, protocol: 'TCP' },
      ],
      endpoints: endpoints.map(([address, conditions = {}]) => ({ addresses: [address], conditions })),
    } as unknown as EndpointSlice
    // Twice, as while a slice is split.
    const found = backendOf(backendSource(service, port as never), [slice, slice])
    assert.equal(found.name, 'ns/web:80')
    assert.deepEqual(
      found.endpoints.map((one) => `${one.address}:${one.port} ${one.state}`),
      wanted,
    )
  })

const ending = { ready: false, serving: true, terminating: true }
check(
  'ready ones serve, ending ones are drained, others are not there',
  [['10.0.0.2'], ['10.0.0.1', ending], ['10.0.0.3', { ready: false }]],
  ['10.0.0.1:8000 draining', '10.0.0.2:8000 ready'],
)
check(
  'where none is ready, those that still serve while they end do',
  [
    ['10.0.0.1', ending],
    ['10.0.0.2', { ...ending, serving: false }],
  ],
  ['10.0.0.1:8000 ready', '10.0.0.2:8000 draining'],
)
check("nothing leads to the router's own machine", [['127.0.0.1'], ['169.254.169.254'], ['10.0.0.1\n'], ['010.0.0.1']], [])
