import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceAvailability } from './availability.ts'

const target = { service: { namespace: 'n', name: 's', port: 443 } }
const service = (spec: object) => ({ spec: { type: 'ClusterIP', ports: [{ port: 443, name: 'https' }], ...spec } })
const slice = (endpoints: readonly object[], name = 'https') => ({ ports: [{ name }], endpoints })

check('a group version of our own', {}, undefined, [], undefined)
check('no service', target, undefined, [], 'ServiceNotFound: service/s in "n" is not present')
check('another port', target, service({ ports: [{ port: 80 }] }), [], 'ServicePortError: service/s in "n" is not listening on port 443')
check('nothing behind it', target, service({}), [], 'EndpointsNotFound: cannot find endpointslices for service/s in "n"')
check('a name elsewhere', target, service({ type: 'ExternalName' }), [], undefined)
check('one that is ready', target, service({}), [slice([{ addresses: ['10.0.0.1'] }])], undefined)
const missing = 'MissingEndpoints: endpointslices for service/s in "n" have no addresses with port name "https"'
check('one that is not ready', target, service({}), [slice([{ conditions: { ready: false } }])], missing)
check('one at another port', target, service({}), [slice([{}], 'http')], missing)

function check(name: string, spec: object, found: object | undefined, slices: readonly object[], wanted: string | undefined): void {
  test(name, () => {
    const told = serviceAvailability(spec, found as never, slices as never)
    assert.equal(told && `${told.reason}: ${told.message}`, wanted)
  })
}
