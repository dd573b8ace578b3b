/**
 * Bindings that a cluster of ours has beside the reference's bootstrap objects, to be created when absent and left alone when changed. The
 * administrator's group and its name are kubeadm's: emptying this binding's subjects takes the power from every administrator certificate at
 * once, which for `system:masters` nothing could. The API server's own client certificate gets no more than the kubelets' port. Nodes get their
 * next client certificate when they ask for it by the present one, as with kubeadm.
 */
export const bootstrapBindings = [
  binding('kubeadm:cluster-admins', 'cluster-admin', { kind: 'Group', name: 'kubeadm:cluster-admins' }),
  binding('wherry:apiserver-kubelet-client', 'system:kubelet-api-admin', { kind: 'User', name: 'kube-apiserver-kubelet-client' }),
  binding('kubeadm:node-autoapprove-certificate-rotation', 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', {
    kind: 'Group',
    name: 'system:nodes',
  }),
] as const

function binding(name: string, role: string, subject: { readonly kind: 'Group' | 'User'; readonly name: string }) {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
  }
}
