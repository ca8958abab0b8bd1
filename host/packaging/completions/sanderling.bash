# Generated from `sanderling --help` and the list of settings. Do not edit.
_sanderling() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  case $before in
    --unixsocket) compopt -o default; COMPREPLY=(); return ;;
    --tls-cert-file) compopt -o default; COMPREPLY=(); return ;;
    --tls-key-file) compopt -o default; COMPREPLY=(); return ;;
    --tls-auth-clients) COMPREPLY=($(compgen -W 'yes no optional' -- "$word")); return ;;
    --tls-ca-cert-file) compopt -o default; COMPREPLY=(); return ;;
    --tls-ca-cert-dir) compopt -o default; COMPREPLY=(); return ;;
    --tls-prefer-server-ciphers) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --tls-session-caching) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --http-metrics) COMPREPLY=($(compgen -W 'token open off' -- "$word")); return ;;
    --http-console) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --aclfile) compopt -o default; COMPREPLY=(); return ;;
    --protected-mode) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --engine) COMPREPLY=($(compgen -W 'wasm native' -- "$word")); return ;;
    --compile-engine) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --cache-dir) compopt -o default; COMPREPLY=(); return ;;
    --appendonly) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --aof-load-truncated) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --aof-checksum) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --import-skip-unsupported) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --dir) compopt -o default; COMPREPLY=(); return ;;
    --pidfile) compopt -o default; COMPREPLY=(); return ;;
    --logfile) compopt -o default; COMPREPLY=(); return ;;
    --log-format) COMPREPLY=($(compgen -W 'text json' -- "$word")); return ;;
    --daemonize) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
    --supervised) COMPREPLY=($(compgen -W 'no systemd auto' -- "$word")); return ;;
    --include) compopt -o default; COMPREPLY=(); return ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W '--port --bind --unixsocket --unixsocketperm --tcp-backlog --tcp-keepalive --timeout --gather-micros-max --tls-port --tls-cert-file --tls-key-file --tls-auth-clients --tls-ca-cert-file --tls-ca-cert-dir --tls-protocols --tls-ciphers --tls-ciphersuites --tls-prefer-server-ciphers --tls-session-caching --tls-auto-reload-interval --http-port --https-port --http-token --http-hosts --http-cors-origins --http-max-request --http-block-max --http-idle-timeout --http-metrics --http-console --requirepass --user --aclfile --protected-mode --maxclients --maxmemory --memory-bytes-max --proto-max-bulk-len --client-query-buffer-limit --client-output-buffer-limit --engine --compile-engine --cache-dir --databases --hz --reported-version --appendonly --appendfsync --save --dbfilename --appenddirname --appendfilename --aof-load-truncated --aof-checksum --auto-aof-rewrite-percentage --auto-aof-rewrite-min-size --import-skip-unsupported --dir --pidfile --loglevel --logfile --log-format --daemonize --supervised --rename-command --include --acl-pubsub-default --acllog-max-len --active-expire-effort --activerehashing --aof-timestamp-enabled --aof-use-rdb-preamble --availability-zone --busy-reply-threshold --cluster-enabled --commandlog-large-reply-max-len --commandlog-large-request-max-len --commandlog-reply-larger-than --commandlog-request-larger-than --dynamic-hz --enable-debug-command --enable-protected-configs --extended-redis-compatibility --function-max-bytes --function-max-libraries --hash-max-listpack-entries --hash-max-listpack-value --hll-sparse-max-bytes --latency-monitor-threshold --latency-tracking --latency-tracking-info-percentiles --lazyfree-lazy-eviction --lazyfree-lazy-expire --lazyfree-lazy-server-del --lazyfree-lazy-user-del --lazyfree-lazy-user-flush --lfu-decay-time --lfu-log-factor --list-compress-depth --list-max-listpack-size --maxmemory-clients --maxmemory-eviction-tenacity --maxmemory-policy --maxmemory-samples --min-replicas-to-write --no-appendfsync-on-rewrite --notify-keyspace-events --rdbchecksum --rdbcompression --replicaof --sanitize-dump-payload --script-cache-max-bytes --script-cache-max-entries --script-instructions-max --script-memory-max --set-max-intset-entries --set-max-listpack-entries --set-max-listpack-value --shutdown-on-sigint --shutdown-on-sigterm --slowlog-log-slower-than --slowlog-max-len --stop-writes-on-bgsave-error --stream-node-max-bytes --stream-node-max-entries --tls-key-file-pass --tracking-table-max-keys --zset-max-listpack-entries --zset-max-listpack-value --help --version' -- "$word")) ;;
    *)
      if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -f -W 'check ping' -- "$word"))
      elif [ "${COMP_WORDS[1]}" = check ]; then
        COMPREPLY=($(compgen -d -- "$word"))
      fi ;;
  esac
}
complete -o filenames -F _sanderling sanderling
