import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { created } from '#api/testing/check-kind.ts'
import { shortages } from '../pod/admission/node-rules.ts'

const implicit = 'deviceclass.resource.kubernetes.io/gpu'
const explicit = 'example.com/gpu'
const resources = { limits: { [implicit]: '2', [explicit]: '1', cpu: '1' } }
const container = (name: string) => ({ name, image: 'i', resources })
const mappings = (...pairs: readonly (readonly [container: string, resource: string])[]) =>
  pairs.map(([containerName, resourceName], i) => ({ containerName, resourceName, requestName: `request-${i}` }))

/** What the node lacks for a pod of an init container and a container that ask for the same. */
function check(
  name: string,
  claimed: readonly object[] | undefined,
  allocatable: Readonly<Record<string, string>>,
  expected: readonly string[],
) {
  test(name, () => {
    const { object } = created(Pod, { spec: { initContainers: [container('init')], containers: [container('main')] } })
    const extendedResourceClaimStatus = { resourceClaimName: 'made', requestMappings: claimed }
    const pod = { ...object, status: claimed === undefined ? {} : { extendedResourceClaimStatus } }
    const lacking = shortages(pod, { allocatable: { pods: '10', cpu: '4', ...allocatable }, others: [] })
    assert.deepEqual(
      lacking.map(({ resource }) => resource),
      expected,
    )
  })
}

const all = mappings(['init', implicit], ['init', explicit], ['main', implicit], ['main', explicit])
check('what claims stand for is not the node’s to count', all, {}, [])
check('even where the node has some of that name', all, { [explicit]: '0' }, [])
check('of a container without a claim it is', mappings(['init', implicit], ['init', explicit]), { [explicit]: '0' }, [implicit, explicit])
check('and so it is of a pod without claims', undefined, { [explicit]: '1' }, [implicit])
