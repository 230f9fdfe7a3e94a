/**
 * A certificate for www.server.com and 10.0.0.2 that signs itself, valid from 2020 to 2120, and its key. Both are
 * known to everybody who can read this: for tests only.
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUA6PLGymcc2mX+q3COBvLh4V1lPkwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOd3d3LnNlcnZlci5jb20wIBcNMjAwMTAxMDAwMDAwWhgPMjEy
MDAxMDEwMDAwMDBaMBkxFzAVBgNVBAMMDnd3dy5zZXJ2ZXIuY29tMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEfwLAxZ9ui6arvcJwoCpOzuaGpGi2haDShtTV/10p
Xni3dDQ6/H0wl/IBsms7ohXwdkk1QbSnJuu3GcftxODbxqNTMFEwDwYDVR0TAQH/
BAUwAwEB/zAfBgNVHREEGDAWgg53d3cuc2VydmVyLmNvbYcECgAAAjAdBgNVHQ4E
FgQUVjeEteYIDKkHyY9e/IcvMnf1P6AwCgYIKoZIzj0EAwIDSAAwRQIgT2yhYJBz
zFTOQLdinXYPnLJbiMn/+3ydnZRmiK91CfMCIQCHBR6x5CUPc44HRW8O1EjbU9Kz
ZHEshvBHNQaAP0dVfw==
-----END CERTIFICATE-----
`;

export const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg56/Pzvjdx5uOS8qW
cYVfM+pyGk4kpqqVfAzONp7IEAuhRANCAAR/AsDFn26Lpqu9wnCgKk7O5oakaLaF
oNKG1NX/XSleeLd0NDr8fTCX8gGyazuiFfB2STVBtKcm67cZx+3E4NvG
-----END PRIVATE KEY-----
`;
