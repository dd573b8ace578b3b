import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Ask } from './probe.ts'

/** What the pods of a check are made of. */
export interface CheckPods {
  readonly image: string
  readonly namespace: string
}

/** Where targets answer, and their Service. */
export const targetPort = 8080
export const servicePort = 80
export const targetService = 'target'
/** Holds the program of the pods. */
const program = 'probe'
const targetLabels = { 'wherry.dev/network-check': 'target' }

export const programConfigMap = () => ({
  metadata: { name: program },
  data: { 'probe.ts': readFileSync(fileURLToPath(new URL('probe.ts', import.meta.url)), 'utf8') },
})

export const targetServiceObject = () => ({
  metadata: { name: targetService },
  spec: {
    selector: targetLabels,
    ipFamilyPolicy: 'PreferDualStack' as const,
    ports: (['TCP', 'UDP'] as const).map((protocol) => ({ name: protocol.toLowerCase(), protocol, port: servicePort, targetPort })),
  },
})

export const targetPod = (pods: CheckPods, name: string, node: string) => ({
  metadata: { name, labels: targetLabels },
  spec: { ...podSpec(pods, node), containers: [container(pods, 'target', [{ name: 'PORT', value: String(targetPort) }])] },
})

/** `isOnNode`: it asks from the node's own network. */
export const askerPod = (pods: CheckPods, name: string, node: string, asks: readonly Ask[], isOnNode: boolean) => ({
  metadata: { name },
  spec: {
    ...podSpec(pods, node),
    hostNetwork: isOnNode,
    dnsPolicy: isOnNode ? ('ClusterFirstWithHostNet' as const) : ('ClusterFirst' as const),
    containers: [
      container(pods, 'asker', [
        { name: 'ASKS', value: JSON.stringify(asks.map(({ id, do: way, to, port }) => ({ id, do: way, to, port }))) },
      ]),
    ],
  },
})

/** On this node and no other, whatever its taints say: what does not work there is to be seen. */
const podSpec = (_pods: CheckPods, nodeName: string) => ({
  nodeName,
  restartPolicy: 'Never' as const,
  terminationGracePeriodSeconds: 1,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  tolerations: [{ operator: 'Exists' as const }],
  volumes: [{ name: program, configMap: { name: program } }],
})

const container = ({ image }: CheckPods, role: 'target' | 'asker', env: readonly { readonly name: string; readonly value: string }[]) => ({
  name: role,
  image,
  imagePullPolicy: 'IfNotPresent' as const,
  command: ['/usr/bin/node', '/probe/probe.ts', role],
  env: [...env],
  volumeMounts: [{ name: program, mountPath: '/probe', readOnly: true }],
  resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '128Mi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: 1000,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' as const },
  },
})
