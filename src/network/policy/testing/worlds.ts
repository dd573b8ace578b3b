import fc from 'fast-check'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'

/** For tests: one change of what the API knows. */
export type WorldChange =
  | { readonly kind: 'policy'; readonly key: string; readonly policy: NetworkPolicy | undefined }
  | { readonly kind: 'pod'; readonly key: string; readonly pod: Pod | undefined }
  | { readonly kind: 'namespace'; readonly name: string; readonly namespace: Namespace | undefined }

export const testNode = 'here'

const namespaceNames = ['x', 'y', 'z']
const labels = fc.record({ app: fc.constantFrom('web', 'db'), tier: fc.constantFrom('1', '2') }, { requiredKeys: [] })
const expression = fc.oneof(
  fc.record({
    key: fc.constantFrom('app', 'tier'),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.subarray(['web', 'db', '1'], { minLength: 1 }),
  }),
  fc.record({ key: fc.constantFrom('app', 'tier'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
)
const selector = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ matchLabels: labels }) },
  { weight: 2, arbitrary: fc.record({ matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }) }) },
)
/** Small enough that blocks meet pods. */
const v4 = fc.integer({ min: 0, max: 7 }).map((n) => `10.0.0.${n}`)
const v6 = fc.integer({ min: 0, max: 7 }).map((n) => `fd00::${n === 0 ? '' : n}`)
const block = fc.oneof(
  fc.record({
    cidr: fc.tuple(v4, fc.constantFrom(0, 8, 29, 30, 31, 32)).map(([a, n]) => `${a}/${n}`),
    except: fc.array(
      fc.tuple(v4, fc.constantFrom(30, 31, 32)).map(([a, n]) => `${a}/${n}`),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    cidr: fc.tuple(v6, fc.constantFrom(0, 64, 125, 127, 128)).map(([a, n]) => `${a}/${n}`),
    except: fc.array(
      fc.tuple(v6, fc.constantFrom(126, 127, 128)).map(([a, n]) => `${a}/${n}`),
      { maxLength: 2 },
    ),
  }),
)
const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
  fc.record({ ipBlock: block }),
)
const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP')
const port = fc.oneof(
  fc.record({ protocol }),
  fc.record({ protocol, port: fc.constantFrom<number | string>(80, 81, 'web', 'admin') }),
  fc.record({ protocol, port: fc.constantFrom(79, 80), endPort: fc.constantFrom(80, 81, 65535) }),
)
const someOf = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 3, arbitrary: fc.array(arbitrary, { maxLength, size: 'max' }) })
const rule = (peers: 'from' | 'to') =>
  fc.record({ peers: someOf(peer, 2), ports: someOf(port, 2) }).map((made) => ({ [peers]: made.peers, ports: made.ports }))
const policySpec = fc.record({
  podSelector: selector,
  policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress'], []),
  ingress: someOf(rule('from'), 2),
  egress: someOf(rule('to'), 2),
})
const gone = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 8 })

const policyChange = fc.tuple(fc.constantFrom(...namespaceNames), fc.constantFrom('a', 'b'), gone(policySpec)).map(
  ([namespace, name, spec]): WorldChange => ({
    kind: 'policy',
    key: `${namespace}/${name}`,
    policy: spec && ({ metadata: { name, namespace }, spec } as unknown as NetworkPolicy),
  }),
)
const web = { name: 'web', protocol: 'TCP', containerPort: 80 }
const admin = { name: 'admin', protocol: 'UDP', containerPort: 81 }
/** Few enough that a pod often changes in one respect only. */
const containerPorts = fc.constantFrom([], [web], [web, admin], [{ ...web, containerPort: 81 }, web], [{ ...admin, name: 'web' }])
const podChange = fc
  .tuple(
    // The address goes with the number: two pods never share one, unless one has ended.
    fc.integer({ min: 1, max: 6 }),
    gone(
      fc.record({
        labels,
        ports: containerPorts,
        isHere: fc.constantFrom(true, true, false),
        hostNetwork: fc.option(fc.constant(true), { nil: undefined, freq: 8 }),
        phase: fc.constantFrom('Running', 'Running', 'Running', 'Running', 'Running', 'Pending', 'Succeeded', 'Failed'),
        has: fc.constantFrom('46', '46', '46', '46', '4', '6', ''),
      }),
    ),
  )
  .map(([number, made]): WorldChange => {
    const [namespace, key] = [namespaceNames[number % 3]!, `p${number}`]
    if (made === undefined) return { kind: 'pod', key, pod: undefined }
    const podIPs = [
      ...(made.has.includes('4') ? [{ ip: `10.0.0.${number}` }] : []),
      ...(made.has.includes('6') ? [{ ip: `fd00::${number}` }] : []),
    ]
    const pod = {
      metadata: { name: key, namespace, uid: key, labels: made.labels },
      spec: { nodeName: made.isHere ? testNode : 'elsewhere', hostNetwork: made.hostNetwork, containers: [{ ports: made.ports }] },
      status: { phase: made.phase, podIPs },
    }
    return { kind: 'pod', key, pod: pod as unknown as Pod }
  })
const namespaceChange = fc.tuple(fc.constantFrom(...namespaceNames), gone(labels)).map(
  ([name, own]): WorldChange => ({
    kind: 'namespace',
    name,
    namespace: own && ({ metadata: { name, labels: own } } as unknown as Namespace),
  }),
)

/** For tests: what comes to pass in a cluster, in order. It begins with three namespaces. */
export const worldChanges: fc.Arbitrary<readonly WorldChange[]> = fc
  .array(fc.oneof({ weight: 3, arbitrary: policyChange }, { weight: 4, arbitrary: podChange }, { weight: 1, arbitrary: namespaceChange }), {
    minLength: 5,
    maxLength: 40,
    size: 'max',
  })
  .map((changes) => [
    ...namespaceNames.map((name): WorldChange => {
      const namespace = { metadata: { name, labels: { app: 'web', tier: name === 'x' ? '1' : '2' } } }
      return { kind: 'namespace', name, namespace: namespace as unknown as Namespace }
    }),
    ...changes,
  ])
