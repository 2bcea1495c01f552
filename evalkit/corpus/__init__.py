"""Snapshots of documents: conversion to text, the store, the lock.

May import backends, digest, types and errors.
"""
