import { Pod } from '#api/core/v1/pod.ts'
import { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import { listAll } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { dnsAddresses } from '#host/config.ts'
import { names } from '#host/names.ts'
import type { PodNetwork } from '#kubelet/interfaces.ts'
import { nameServerPod, startNetworkPolicies } from '#network/policy/network-policies.ts'
import { keptPod } from '#network/policy/policy-pod.ts'
import type { NetworkContext, NetworkPart } from './network-context.ts'

/** NetworkPolicies as rules of this node, and what the kubelet waits for before a pod's first container. */
export function runNetworkPolicies({ config, caches, client, host, clock, random, log }: NetworkContext): NetworkPart & PodNetwork {
  const cache = { clock, random, log: log.with({ part: 'network-policy' }) }
  const policies = createInformer(client, NetworkPolicy, cache)
  const running = startNetworkPolicies({
    ...cache,
    policies,
    namespaces: caches.namespaces,
    openPods: () => createInformer(client, Pod, { ...cache, transform: keptPod }),
    listPolicies: (namespace) => listAll(client, NetworkPolicy, { namespace }),
    host,
    nodeName: config.nodeName,
    table: names.policyTable,
    bridge: names.bridge,
    standIns: { 'name server': nameServerPod(dnsAddresses(config)) },
  })
  return {
    ...running,
    async stop() {
      await running.stop()
      await policies.close()
    },
  }
}
