import type { Area } from '../generator.ts'

/** NodeDeclaredFeatures, and gates. */
export const features: Area = {
  node(node, { chance }) {
    const declared = chance.some([
      'ExtendWebSocketsToKubelet',
      'GuaranteedQoSPodCPUResize',
      'RestartAllContainersOnContainerExits',
      'UserNamespacesHostNetworkSupport',
    ])
    if (declared.length > 0) node.status.declaredFeatures = declared
  },
  pod(pod, { chance }, role) {
    if (role === 'bound') return
    if (chance.is(15)) pod.spec.schedulingGates = [{ name: 'example.com/gate' }]
    if (chance.is(40)) {
      const container = pod.spec.containers[0]
      container.restartPolicy = 'Never'
      container.restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [3] } }]
      pod.spec.restartPolicy = 'Never'
    }
  },
}
