# cpack -G DEB: simsyncd_VERSION_ARCHITECTURE.deb. systemd/build_package.sh does all of it; docs/operations.md.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME simsyncd)
set(CPACK_PACKAGE_CONTACT "simsyncd authors <maintainers@simsyncd.invalid>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "mirror of a telecom SIM inventory in PostgreSQL")
# cpack indents the lines itself.
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"simsyncd keeps a SIM inventory in PostgreSQL equal to the one behind a
provider's SIM API. It records every change that it sees as history, with the
times between which it happened, polls eSIM profiles, and tells people about
the changes that matter by webhook, Alertmanager, Slack, mail or a program.
.
This package has the daemon, its systemd unit, a Grafana dashboard and
Prometheus alert rules. The service is neither enabled nor started before it
has been configured: simsyncd(8) says how.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# systemd-sysusers makes the user; procps has the /bin/kill of ExecReload=.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, procps, systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "systemd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, prometheus, prometheus-alertmanager, grafana")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/debian/conffiles
  ${CMAKE_CURRENT_LIST_DIR}/debian/postinst
  ${CMAKE_CURRENT_LIST_DIR}/debian/prerm
  ${CMAKE_CURRENT_LIST_DIR}/debian/postrm)
set(CPACK_STRIP_FILES ON)
# /etc stands beside the prefix: installed into a folder as a whole.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
include(CPack)
