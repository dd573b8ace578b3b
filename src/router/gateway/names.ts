/** Who programs a GatewayClass names in `spec.controllerName` to have its Gateways served by this router. */
export const controllerName = 'wherry.dev/router'
/** The GatewayClass that the server makes. */
export const className = 'wherry'
/** API group of all kinds of the Gateway API. */
export const gatewayGroup = 'gateway.networking.k8s.io'
/** The release whose definitions stand in `definitions/`, as their annotation `bundle-version` says it. */
export const bundleVersion = 'v1.7.0'
/** Annotation of a definition: the release that it is from. */
export const bundleVersionAnnotation = 'gateway.networking.k8s.io/bundle-version'
/** Annotation of a definition: `standard` or `experimental`. */
export const channelAnnotation = 'gateway.networking.k8s.io/channel'
