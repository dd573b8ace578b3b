import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { World } from '../testing/world.ts'
import { defaultServiceCidrController } from './controller.ts'

const four = '10.96.0.0/12'
const six = 'fd00::/112'
const condition = (status: string) => [
  { type: 'Ready', status, reason: 'R', message: 'somebody', lastTransitionTime: '2026-01-01T00:00:00Z' },
]

check('what is missing is made', [four], undefined, [four], 'True Kubernetes default Service CIDR is ready')
check('of both families, where there are two', [six, four], undefined, [six, four], 'True Kubernetes default Service CIDR is ready')
check('the second range joins the first', [four, six], { cidrs: [four], conditions: condition('True') }, [four, six], 'True somebody')
check('never before it', [six, four], { cidrs: [four], conditions: condition('True') }, [four], 'True somebody')
check('other ranges stay, and nothing is said of them', ['10.0.0.0/16'], { cidrs: [four] }, [four], '')
check('what somebody else says stays', [four], { cidrs: [four], conditions: condition('False') }, [four], 'False somebody')
check(
  'what is not known is said',
  [four],
  { cidrs: [four], conditions: condition('Unknown') },
  [four],
  'True Kubernetes default Service CIDR is ready',
)
check('nothing is said of one that goes', [four], { cidrs: [four], goes: true }, [four], '')

interface Present {
  readonly cidrs: readonly string[]
  readonly conditions?: readonly object[]
  readonly goes?: boolean
}

/** What becomes of the range named `kubernetes`, and of another one, which is nobody's business here. */
function check(name: string, given: readonly string[], present: Present | undefined, cidrs: readonly string[], ready: string): void {
  test(name, () => {
    const world = new World()
    world.put(ServiceCIDR, { metadata: { name: 'other' }, spec: { cidrs: ['192.0.2.0/24'] }, status: {} })
    if (present !== undefined) {
      const { conditions = [], goes } = present
      const metadata = { name: 'kubernetes', ...(goes && { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x'] }) }
      world.put(ServiceCIDR, { metadata, spec: { cidrs: present.cidrs }, status: { conditions } })
    }
    const controller = defaultServiceCidrController(given)
    world.pass(controller, 'kubernetes')
    world.settle([controller])
    const { spec, status } = world.get(ServiceCIDR, 'kubernetes')!
    assert.deepEqual(spec.cidrs, cidrs)
    assert.equal((status?.conditions ?? []).map((one) => `${one.status} ${one.message}`).join(), ready)
    assert.deepEqual(world.get(ServiceCIDR, 'other')?.status, {})
  })
}
