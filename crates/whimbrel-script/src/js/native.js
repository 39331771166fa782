// The functions that Rust gives to the shim. They stand in the global object only until this module has taken them.
const native = globalThis.__whimbrel_native;

export default native;
