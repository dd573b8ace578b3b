import { defaultClassAnnotation, type IngressClass } from '#api/networking/v1/ingress-class.ts'
import { controllerName } from './ingress/own-ingresses.ts'

/** By whom the router is known to the API server: the name in its client certificate. */
export const routerUser = 'system:wherry:router'

/**
 * What the router may: read what it routes by, say in statuses and events what came of it. Secrets of the whole cluster are among that, since any
 * Ingress may name one of its namespace; it asks for those of type kubernetes.io/tls only, and no node has its certificate but the server's own machine.
 */
export const routerRole = {
  metadata: { name: 'wherry:router' },
  rules: [
    { apiGroups: [''], resources: ['services', 'namespaces', 'secrets'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'ingressclasses'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['get', 'patch', 'update'] },
    { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['get', 'list', 'watch'] },
    {
      apiGroups: ['gateway.networking.k8s.io'],
      resources: ['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'tlsroutes', 'referencegrants'],
      verbs: ['get', 'list', 'watch'],
    },
    {
      apiGroups: ['gateway.networking.k8s.io'],
      resources: ['gatewayclasses/status', 'gateways/status', 'httproutes/status', 'grpcroutes/status', 'tlsroutes/status'],
      verbs: ['get', 'patch', 'update'],
    },
    { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  ],
}

export const routerBinding = {
  metadata: { name: 'wherry:router' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'wherry:router' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: routerUser }],
}

/**
 * The class of Ingresses that name none, unless the cluster had such a one when ours is made: of two the younger one counts, so ours would take over
 * what another controller was meant to serve.
 */
export function routerIngressClass(present: readonly IngressClass[]) {
  const isDefault = !present.some(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true')
  return {
    metadata: { name: 'wherry', ...(isDefault && { annotations: { [defaultClassAnnotation]: 'true' } }) },
    spec: { controller: controllerName },
  }
}
