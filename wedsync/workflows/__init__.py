from flask import Blueprint

pages = Blueprint("workflows", __name__)
